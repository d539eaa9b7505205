"""How Django's own pages write times: 24 hours and with seconds, as ours do."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "j M Y H:i:s"
