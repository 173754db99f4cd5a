const at = id => document.getElementById(id);
const make = (tag, parent, text, name) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (name) element.className = name;
  parent?.append(element);
  return element;
};
const warn = text => { at('warning').textContent = text; at('warning').hidden = !text; };
const ask = async (path, options = {}) => {
  const headers = { ...options.headers };
  if (at('token').value) headers.Authorization = `Bearer ${at('token').value}`;
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) return answer;
  if (answer.status === 401) at('secret').hidden = false;
  const body = await answer.json().catch(() => null);
  throw new Error(body?.error?.message ?? `the server answered ${answer.status}`);
};

const bytes = count => {
  for (const [unit, size] of [['MiB', 2 ** 20], ['KiB', 2 ** 10]]) if (count >= size) return `${(count / size).toPrecision(3)} ${unit}`;
  return `${count} B`;
};

// What a stream tells, piece by piece.
const pieces = async function* (response) {
  let rest = '';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split('\n\n');
    rest = events.pop();
    for (const event of events) {
      if (!event.startsWith('data: ') || event === 'data: [DONE]') continue;
      const chunk = JSON.parse(event.slice(6));
      if (chunk.error) throw new Error(chunk.error.message);
      yield chunk;
    }
  }
};

const post = (path, body, signal) => ask(path, {
  method: 'POST', signal, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body)
});

let models = [];

// Asks what is served, and shows it.
const load = async () => {
  try {
    models = (await (await ask('/v1/models')).json()).data;
  } catch (error) { return warn(error.message); }
  // A teacher stands on the left.
  models.sort((a, b) => (b.id === 'teacher') - (a.id === 'teacher'));
  showModels();
  showSpeakers();
  if (location.hash === '#chat') show('chat');
  if (location.hash === '#continue') go();
};

// Shows one of the two tabs.
const show = name => {
  for (const [id, tab] of [['compare', 'showPrompt'], ['chat', 'showChat']]) {
    at(id).hidden = id !== name;
    at(tab).setAttribute('aria-selected', id === name);
  }
  at('title').textContent = name === 'chat' ? 'Chat' : models.length === 1 ? 'Continue a text' : 'One prompt, side by side';
  at('lead').textContent = name === 'chat' ? 'Turn by turn, as the chat template of the model writes it.'
    : 'What each model says, how fast, and how much it has to remember to say the next word.';
  at(name === 'chat' ? 'say' : 'prompt').focus();
};
at('showPrompt').addEventListener('click', () => show('compare'));
at('showChat').addEventListener('click', () => show('chat'));
