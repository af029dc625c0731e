"""Timed scripts ("kịch bản hẹn giờ"): steps that go out to one customer, each once, in time."""
