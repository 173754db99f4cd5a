/// Looks and behaviour of the page.
enum ReportPage {
  /// A page: one file without outside resources, light or dark as the reader prefers.
  /// - Parameters:
  ///   - title: names the page in a browser's tab.
  ///   - kicker: says above the heading what kind of page it is.
  ///   - heading: its name.
  ///   - lead: a sentence below it.
  ///   - top: markup above the sections.
  ///   - sections: the page itself.
  ///   - footer: its last line.
  static func html(
    title: String, kicker: String, heading: String, lead: String, top: String, sections: [RunReport.Section],
    footer: String
  ) -> String {
    let links = sections.map { "<a href=\"#\($0.id)\">\(HTML.escape($0.title))</a>" }.joined()
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <title>\(HTML.escape(title))</title>
      <style>\(style)</style>
      </head>
      <body>
      <header>
      <p class="kicker">\(HTML.escape(kicker))</p>
      <h1>\(HTML.escape(heading))</h1>
      <p class="lead">\(HTML.escape(lead))</p>
      \(top)
      <nav aria-label="Sections">\(links)</nav>
      </header>
      <main>
      \(sections.map(\.html).joined(separator: "\n"))
      </main>
      <footer>\(HTML.escape(footer))</footer>
      <script>\(script)</script>
      </body>
      </html>

      """
  }

  /// A list under a heading that stands out; nothing when the list is empty.
  static func warning(_ heading: String, _ notes: [String]) -> String {
    notes.isEmpty
      ? ""
      : "<div class=\"warning\" role=\"note\"><strong>\(HTML.escape(heading))</strong><ul>"
        + notes.map { "<li>\(HTML.escape($0))</li>" }.joined() + "</ul></div>"
  }

  static let style = """
    :root{color-scheme:light dark;--paper:#fff;--ground:#f6f5f2;--ink:#1b1d22;--faint:#666a73;--line:#dddbd5;--accent:#2456c7;
    --series-0:#2456c7;--series-1:#c2570c;--series-2:#0f8a6d;--series-3:#8a3fd1;--series-4:#be185d;
    --series-5:#4d7c0f;--series-6:#0e7490;--series-7:#78716c;--warn:#fff4dc;
    --display:Charter,"Bitstream Charter","Iowan Old Style","Source Serif 4",Georgia,serif}
    @media(prefers-color-scheme:dark){:root{--paper:#1a1c21;--ground:#121317;--ink:#e7e6e2;--faint:#9b9ea7;--line:#33363e;
    --accent:#8db0ff;--series-0:#7ea6ff;--series-1:#f0995c;--series-2:#4cc7a5;--series-3:#c39bf5;--series-4:#f28bb5;
    --series-5:#a3c95e;--series-6:#5cc3d6;--series-7:#b8b0a8;--warn:#3a2f16}}
    *{box-sizing:border-box}
    html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
    body{margin:0 auto;max-width:1120px;padding:0 clamp(16px,4vw,40px) 48px;background:var(--ground);color:var(--ink);
    font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:break-word}
    header{padding-top:clamp(28px,6vw,64px)}
    .kicker{margin:0;color:var(--faint);font-size:.82rem;letter-spacing:.06em;text-transform:uppercase}
    h1,h2{font-family:var(--display);font-weight:600;letter-spacing:-.01em;text-wrap:balance}
    h1{font-size:clamp(2rem,6vw,3.1rem);line-height:1.1;margin:.15em 0 .3em}
    h2{font-size:1.55rem;line-height:1.2;margin:0 0 .3em}
    h2:has(+:not(.note)){margin-bottom:.7em}
    h3{font-size:.95rem;margin:0 0 .6em}
    .lead{max-width:44em;margin:0 0 1.8em;font-size:1.05rem;color:var(--faint)}
    .note{max-width:44em;margin:0 0 1.1em;color:var(--faint);font-size:.93rem}
    .cards{list-style:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:1px;margin:0 0 1.6em;padding:0;
    background:var(--line);border:1px solid var(--line);border-radius:12px;overflow:hidden}
    .cards li{display:flex;flex-direction:column;padding:16px 18px 14px;background:var(--paper)}
    .cards .name,.cards .aside{font-size:.82rem;color:var(--faint)}
    .cards .value{font-family:var(--display);font-size:2rem;line-height:1.25;font-variant-numeric:tabular-nums}
    .warning{background:var(--warn);border-radius:10px;padding:12px 18px;margin-bottom:1.6em;font-size:.93rem}
    .warning ul{margin:.3em 0 0;padding-left:1.2em}
    nav{display:flex;flex-wrap:wrap;gap:4px 20px;padding:10px 0;border-block:1px solid var(--line);font-size:.9rem}
    a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
    section{padding-top:clamp(32px,5vw,52px);scroll-margin-top:0}
    :focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
    .scroll{overflow-x:auto;background:var(--paper);border:1px solid var(--line);border-radius:12px}
    table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
    th,td{padding:8px 16px;text-align:left;white-space:nowrap;border-bottom:1px solid var(--line)}
    tbody tr:last-child>*{border-bottom:0}
    thead th{color:var(--faint);font-weight:500;font-size:.82rem;vertical-align:bottom}
    tbody th{font-weight:500}
    .number{text-align:right}
    .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
    figure{margin:0}
    .plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:16px}
    .plots figure{background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:14px 16px 10px}
    .plots figcaption{font-weight:600;font-size:.95rem;margin-bottom:8px}
    .plot{display:block;width:100%;height:auto;font-variant-numeric:tabular-nums}
    details{margin-top:14px}details>summary{cursor:pointer;color:var(--accent);font-size:.93rem;padding:6px 0;width:fit-content}
    details[open]>summary{margin-bottom:8px}
    .pickers{display:flex;flex-wrap:wrap;gap:10px 28px;margin-bottom:14px}.pickers[hidden]{display:none}
    fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;align-items:center;gap:4px}
    legend{float:left;margin-right:8px;padding:0;font-size:.88rem;color:var(--faint)}
    fieldset label{position:relative}fieldset input{position:absolute;inset:0;opacity:0;margin:0;cursor:pointer}
    fieldset span{display:block;min-width:32px;text-align:center;padding:4px 8px;border-radius:7px;border:1px solid var(--line);
    background:var(--paper);font-size:.88rem;font-variant-numeric:tabular-nums}
    fieldset input:checked+span{background:var(--ink);color:var(--paper);border-color:var(--ink)}
    fieldset input:focus-visible+span{outline:2px solid var(--accent);outline-offset:2px}
    .pair{background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:16px 18px;margin-bottom:14px}
    .pair[hidden]{display:none}.pair h3{display:flex;flex-wrap:wrap;gap:2px 14px}.pair h3 span{font-weight:400;color:var(--faint)}
    .panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(40%,200px),1fr));gap:clamp(8px,2vw,20px)}
    .panels img{display:block;width:100%;height:auto;image-rendering:pixelated;border-radius:4px;background:var(--ground)}
    .panels figcaption{font-size:.85rem;margin-top:6px;line-height:1.35}.panels figcaption span{display:block;color:var(--faint)}
    .legend{display:flex;flex-wrap:wrap;gap:12px 28px;font-size:.8rem;color:var(--faint)}.legend>div{flex:1 1 220px;max-width:340px}
    .legend i{display:block;height:10px;border-radius:5px}.legend p{display:flex;justify-content:space-between;margin:4px 0 0}
    .sample{display:grid;grid-template-columns:1fr 1fr;gap:4px 28px;background:var(--paper);border:1px solid var(--line);
    border-radius:12px;padding:16px 20px;margin-bottom:14px}
    .sample p{margin:0;white-space:pre-wrap;font-family:var(--display)}.sample .prompt{grid-column:1/-1;color:var(--faint);font-style:italic;
    padding-bottom:8px}.sample h3{margin:0 0 .2em;font-size:.82rem;color:var(--faint);font-weight:500}
    pre{margin:0;padding:16px 20px;overflow-x:auto;background:var(--paper);border:1px solid var(--line);border-radius:12px;
    font:.85rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
    footer{margin-top:56px;padding-top:14px;border-top:1px solid var(--line);color:var(--faint);font-size:.85rem}
    @media(max-width:640px){.plot{font-size:14.5px}.plots figure{padding:12px 10px 8px}.sample{grid-template-columns:1fr;gap:10px}
    th,td{padding:7px 12px}.cards{grid-template-columns:1fr 1fr}
    .cards li{padding:12px 14px}.cards .value{font-size:1.65rem}}
    @media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
    @media print{nav,.pickers{display:none}.pair[hidden]{display:block}section{break-inside:avoid}}
    """

  /// Shows one pair of matrices at a time; without it all are shown.
  static let script = """
    (() => {
      const pickers = document.querySelector('.pickers');
      if (!pickers) return;
      const pairs = [...document.querySelectorAll('.pair')];
      const chosen = name => pickers.querySelector(`input[name=${name}]:checked`)?.value;
      const show = () => {
        const wanted = { layer: chosen('layer'), head: chosen('head') };
        const fits = pair => Object.entries(wanted).every(([key, value]) => value === undefined || pair.dataset[key] === value);
        const first = pairs.find(fits) ?? pairs.find(pair => pair.dataset.layer === wanted.layer) ?? pairs[0];
        for (const pair of pairs) pair.hidden = pair !== first;
        const head = pickers.querySelector(`input[name=head][value="${first.dataset.head}"]`);
        if (head) head.checked = true;
      };
      pickers.hidden = false;
      pickers.addEventListener('change', show);
      show();
    })();
    """
}
