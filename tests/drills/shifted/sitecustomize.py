"""Python's clocks, moved by SHIFTED_SECONDS for this process and what it forks: a host whose clock is off.

Monotonic clocks stay, as they do on such a host. Whatever asks isinstance of a datetime still gets its answer.
"""

import datetime
import os
import time

SECONDS = int(os.environ.get("SHIFTED_SECONDS", "0"))
_time, _time_ns, _localtime, _gmtime = time.time, time.time_ns, time.localtime, time.gmtime
_real = datetime.datetime


class _Meta(type(_real)):
    def __instancecheck__(cls, value):
        return isinstance(value, _real)

    def __subclasscheck__(cls, other):
        return issubclass(other, _real)


class _Shifted(_real, metaclass=_Meta):
    __slots__ = ()  # as large as the real one: compiled modules compare

    @classmethod
    def now(cls, tz=None):
        return _real.now(tz) + datetime.timedelta(seconds=SECONDS)

    @classmethod
    def utcnow(cls):
        return _real.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(seconds=SECONDS)

    @classmethod
    def today(cls):
        return cls.now()

    def __new__(cls, *args, **kwargs):
        return _real.__new__(_real, *args, **kwargs)


_Shifted.__name__ = _Shifted.__qualname__ = "datetime"
_Shifted.__module__ = "datetime"

if SECONDS:
    time.time = lambda: _time() + SECONDS
    time.time_ns = lambda: _time_ns() + SECONDS * 10**9
    time.localtime = lambda seconds=None: _localtime(time.time() if seconds is None else seconds)
    time.gmtime = lambda seconds=None: _gmtime(time.time() if seconds is None else seconds)
    datetime.datetime = _Shifted
