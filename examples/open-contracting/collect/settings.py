SPIDER_MODULES = ["collect.spiders"]
