"""Texts that a page could take for markup: what people type must be what they see."""

NASTY = (
    "https://evil.example/zq7",
    "HTTP://evil.example/zq7?a=1&b=2",
    "www.evil.example",
    "mail zq7@evil.example now",
    "mailto:zq7@evil.example",
    ":material/skull:",
    ":material_skull:",
    ":streamlit:",
    ":smile: :+1: :x:",
    ":red[zq7] :small[zq7] :violet-badge[zq7]",
    "&lt;b&gt; &amp; &#42; &nbsp;",
    "a -- b --- c",
    "a -> b <- c <-> d",
    "a >= b <= c ~= d",
    "<b>zq7</b><img src=x onerror=alert(1)>",
    "<script>document.title='owned'</script>",
    "[zq7](https://evil.example) ![zq7](https://evil.example/x.png)",
    "[zq7]: https://evil.example",
    "**zq7** __zq7__ *zq7* _zq7_ ~~zq7~~ `zq7`",
    "$x^2$ and $$y$$ for 5$ or 6$",
    "# zq7",
    "> zq7",
    "- zq7",
    "1. zq7",
    "    zq7 = 1",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "```\nzq7\n```",
    "zq7\n===",
    "backslash \\* \\n C:\\temp\\zq7",
    "[^1] and footnote [^1]: zq7",
)
AROUND = ("{}", "see {} now", "({})", "zq7\n\n{}\nzq7", "{} {}")
PAYLOADS = tuple(around.format(text, text) for text in NASTY for around in AROUND)
# One of each kind in a line, for names and texts that stand on every page.
ONE_OF_EACH = (
    "https://evil.example/zq7 www.evil.example zq7@evil.example :material/skull: :streamlit: "
    ":smile: &lt;b&gt; a -- b -> c <b>zq7</b> [zq7](https://evil.example) **zq7** `zq7` $zq7$"
)
