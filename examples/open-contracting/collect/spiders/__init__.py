import scrapy


class Paraguay(scrapy.Spider):
    """Reads one page, and takes its time."""

    name = "paraguay"
    start_urls = ["data:text/plain,notices"]
    custom_settings = {"DOWNLOAD_DELAY": 1}

    async def start(self):
        for number in range(1000):
            yield scrapy.Request("data:text/plain,notices", dont_filter=True)

    def parse(self, response):
        pass
