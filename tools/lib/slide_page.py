"""The page that the slides of a lesson stand on: its look, and what loads beside it."""

PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="_static/reveal/reveal.css">
<link rel="stylesheet" href="_static/reveal/theme/serif.css">
<style>
.reveal-viewport {{ background: #fff }}
.reveal {{ font: 34px sans-serif; color: #1f2328 }}
.reveal .slides {{ text-align: left }}
.reveal :is(h1, h2, h3) {{ font-family: inherit; margin-bottom: 0.5em }}
.reveal h1 {{ font-size: 2em }}
.reveal h2 {{ font-size: 0.8em; color: #57606a }}
.reveal section {{ padding: 24px 0 }}
.reveal pre {{ width: 100%; font-size: 0.56em; box-shadow: none }}
.reveal pre.printed {{ font-size: 0.65em }}
.reveal pre code {{ max-height: none; overflow: visible; line-height: 1.35 }}
.reveal img {{ display: block; max-width: 100%; max-height: 560px; margin: 0 auto }}
</style>
<link rel="icon" href="data:,">
<script>window.MathJax = {{
  loader: {{load: ["a11y/assistive-mml"]}}, output: {{fontPath: "[mathjax]/font"}},
  options: {{
    enableMenu: false, enableEnrichment: false, enableSpeech: false, enableBraille: false,
    menuOptions: {{settings: {{enrich: false, speech: false, braille: false}}}},
  }},
}}</script>
<script defer src="_static/mathjax/tex-chtml.js"></script>
</head><body><div class="reveal"><div class="slides">
{slides}
</div></div>
<script src="_static/reveal/reveal.js"></script>
<script>
// What is too large is written smaller, down to a third: a formula, a line of code, a slide.
function shrink(part, large) {{
  const size = (element) => parseFloat(getComputedStyle(element).fontSize);
  const own = size(part) / size(part.parentElement);
  for (let share = 0.95; share > 0.3 && large(); share -= 0.05)
    part.style.fontSize = `${{share * own}}em`;
}}
function fit() {{
  const slide = Reveal.getCurrentSlide();
  for (const part of slide.querySelectorAll("pre, mjx-container[display]"))
    shrink(part, () => part.scrollWidth > part.clientWidth + 1);
  shrink(slide, () => slide.scrollHeight > 690);
}}
Reveal.initialize({{hash: true, width: 1100, height: 700, center: false}});
addEventListener("load", () => MathJax.startup.promise.then(() => {{
  fit();
  Reveal.on("slidechanged", fit);
}}));
</script>
</body></html>
"""
