# In: relm_url, relm_seconds.
relm_get "$relm_url"
