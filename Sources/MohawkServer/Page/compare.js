let running = null, cards = [], panels = [];

const kinds = model => {
  const counts = new Map();
  for (const { kind } of model.layers) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} × ${kind}`).join(', ');
};

const card = model => {
  const article = make('article', at('answers'));
  article.setAttribute('aria-label', `Answer of ${model.id}`);
  const title = make('h3', article, model.id);
  make('span', title, kinds(model));
  const text = make('p', article, '', 'text');
  const facts = make('dl', article);
  const fact = name => {
    const box = make('div', facts);
    make('dt', box, name);
    return make('dd', box, '–');
  };
  return { model, text, speed: fact('tokens per second'), first: fact('to the first token'), memory: fact('state memory') };
};

const panel = model => {
  const figure = make('figure', at('panels'));
  const caption = make('figcaption', figure, model.id);
  const kind = make('span', caption, '');
  const canvas = make('canvas', figure);
  canvas.width = canvas.height = 8;
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `No matrix of ${model.id} yet`);
  const cell = make('p', figure, '', 'cell');
  cell.setAttribute('aria-live', 'polite');
  const panel = { model, canvas, kind, cell, data: null, row: 0, column: 0 };
  canvas.addEventListener('pointermove', event => {
    if (!panel.data) return;
    const box = canvas.getBoundingClientRect(), size = panel.data.rows.length;
    point(panel, Math.floor((event.clientY - box.top) / box.height * size), Math.floor((event.clientX - box.left) / box.width * size));
  });
  canvas.addEventListener('keydown', event => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step || !panel.data) return;
    event.preventDefault();
    point(panel, panel.row + step[0], panel.column + step[1]);
  });
  return panel;
};

const point = (panel, row, column) => {
  const { rows, tokens } = panel.data, last = rows.length - 1;
  panel.row = Math.max(0, Math.min(last, row));
  panel.column = Math.max(0, Math.min(last, column));
  const value = rows[panel.row][panel.column];
  panel.cell.textContent = value === undefined ? 'tokens do not look ahead'
    : `“${tokens[panel.row]}” takes ${value.toPrecision(3)} from “${tokens[panel.column]}”`;
};

// Colours of even lightness, computed in OKLCh as in the reports.
const colour = (lightness, chroma, hue) => {
  for (;; chroma *= 0.95) {
    const a = chroma * Math.cos(hue * Math.PI / 180), b = chroma * Math.sin(hue * Math.PI / 180);
    const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
    const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
    const s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3;
    const linear = [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
      -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s];
    if (chroma >= 0.005 && linear.some(value => value < -1e-4 || value > 1.0001)) continue;
    return linear.map(value => {
      const inside = Math.min(Math.max(value, 0), 1);
      return Math.round(255 * (inside <= 0.0031308 ? 12.92 * inside : 1.055 * inside ** (1 / 2.4) - 0.055));
    });
  }
};
const steps = [...Array(128).keys()].map(step => step / 127);
const rising = steps.map(part => colour(0.24 + 0.68 * part, 0.10 + 0.06 * part, 300 - 195 * part));
const falling = steps.map(part => colour(0.24 + 0.60 * part, 0.10 + 0.12 * Math.sin(Math.PI * Math.min(part, 0.75)), 300 + 80 * part));
const css = shades => shades.filter((_, index) => index % 12 === 0).map(shade => `rgb(${shade})`).join(',');
at('scale').style.background = `linear-gradient(90deg,${css([...falling].reverse())},${css(rising)})`;

const paint = (panel, data) => {
  const { canvas } = panel, size = data.rows.length;
  canvas.width = canvas.height = size;
  const context = canvas.getContext('2d'), image = context.createImageData(size, size);
  let limit = 0;
  for (const row of data.rows) for (const value of row) limit = Math.max(limit, Math.abs(value));
  data.rows.forEach((row, y) => row.forEach((value, x) => {
    const level = Math.round(127 * Math.sqrt(limit ? Math.abs(value) / limit : 0));
    image.data.set([...(value < 0 ? falling : rising)[level], 255], 4 * (y * size + x));
  }));
  context.putImageData(image, 0, 0);
  panel.data = data;
  panel.kind.textContent = `${data.kind}, ${size} tokens, largest entry ${limit.toPrecision(3)}`;
  canvas.setAttribute('aria-label', `Mixing matrix of ${data.model}, layer ${data.layer}, head ${data.head}: ${size} by ${size}, largest entry ${limit.toPrecision(3)}. Arrow keys read its entries.`);
  point(panel, size - 1, 0);
};

const draw = async () => {
  const layer = Number(at('layer').value), head = Number(at('head').value);
  await Promise.all(panels.map(async panel => {
    const { layers } = panel.model;
    if (layer >= layers.length || head >= layers[layer].heads) {
      panel.kind.textContent = 'has no such layer and head';
      return;
    }
    const query = new URLSearchParams({ model: panel.model.id, layer, head, text: at('prompt').value });
    try {
      paint(panel, await (await ask(`/matrices?${query}`)).json());
    } catch (error) { warn(error.message); }
  }));
};

const answer = async (card, stop) => {
  const prompt = at('prompt').value;
  card.text.replaceChildren();
  make('i', card.text, prompt);
  card.text.classList.add('busy');
  for (const fact of [card.speed, card.first, card.memory]) fact.textContent = '–';
  const begun = performance.now();
  let first = 0, count = 0;
  try {
    const response = await post('/v1/completions', {
      model: card.model.id, prompt, max_tokens: Number(at('tokens').value), temperature: Number(at('temperature').value),
      seed: Number(at('seed').value), stream: true, stream_options: { include_usage: true }
    }, stop);
    for await (const chunk of pieces(response)) {
      if (chunk.usage) {
        card.memory.textContent = bytes(chunk.usage.state_bytes);
        count = chunk.usage.completion_tokens;
      } else {
        if (!first) { first = performance.now(); card.first.textContent = `${Math.round(first - begun)} ms`; }
        card.text.append(chunk.choices[0].text);
        count += 1;
      }
      const seconds = (performance.now() - first) / 1000;
      if (count > 1 && seconds > 0) card.speed.textContent = ((count - 1) / seconds).toFixed(seconds > 0 && count / seconds < 10 ? 1 : 0);
    }
  } catch (error) {
    if (error.name !== 'AbortError') warn(`${card.model.id}: ${error.message}`);
  } finally { card.text.classList.remove('busy'); }
};

const go = async () => {
  if (running || !at('form').reportValidity()) return;
  warn('');
  if (!models.length) { await load(); if (!models.length) return; }
  running = new AbortController();
  at('go').disabled = true;
  at('stop').disabled = false;
  document.body.dataset.state = 'running';
  // One after the other, so that each has the machine to itself and the speeds can be compared.
  for (const card of cards) if (!running.signal.aborted) await answer(card, running.signal);
  if (!running.signal.aborted) await draw();
  running = null;
  at('go').disabled = false;
  at('stop').disabled = true;
  document.body.dataset.state = 'done';
};

const showModels = () => {
  if (models.length === 1) at('title').textContent = 'Continue a text';
  cards = models.map(card);
  panels = models.map(panel);
  const layers = Math.max(...models.map(model => model.layers.length));
  const heads = Math.max(...models.flatMap(model => model.layers.map(layer => layer.heads)));
  for (const [id, count] of [['layer', layers], ['head', heads]]) {
    for (let index = 0; index < count; index++) make('option', at(id), index).value = index;
    at(id).addEventListener('change', draw);
  }
};

at('form').addEventListener('submit', event => { event.preventDefault(); go(); });
at('stop').addEventListener('click', () => running?.abort());
at('draw').addEventListener('click', () => { warn(''); draw(); });
document.addEventListener('keydown', event => {
  if (at('compare').hidden) return;
  if (event.key === 'Escape') running?.abort();
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); go(); }
});
