// What was said: role, content, and where it stands on the page.
let turns = [], talking = null;

const showSpeakers = () => {
  const able = models.filter(model => model.chat);
  at('cannot').hidden = able.length > 0;
  at('can').hidden = !able.length;
  // The student is what one came for; a teacher beside it can be chosen.
  for (const model of [...able].sort((a, b) => (a.id === 'teacher') - (b.id === 'teacher'))) make('option', at('speaker'), model.id).value = model.id;
};

const copy = async (text, button) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Browsers keep the clipboard to pages of this machine or with TLS; selecting works everywhere.
    const field = make('textarea', document.body);
    field.value = text;
    field.select();
    document.execCommand('copy');
    field.remove();
  }
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = 'Copy'; }, 1500);
};

const turn = (role, content) => {
  const item = make('li', at('turns'), undefined, `turn ${role}`);
  make('h3', item, role === 'user' ? 'You' : at('speaker').value);
  const words = make('p', item, content, 'words');
  const facts = make('p', item, undefined, 'facts');
  const note = make('span', facts, '');
  const button = (name, act) => {
    const element = make('button', facts, name);
    element.type = 'button';
    element.addEventListener('click', () => act(element));
    return element;
  };
  const entry = { role, content, item, words, note };
  button('Copy', element => copy(entry.content, element));
  if (role === 'assistant') entry.retry = button('Retry', retry);
  turns.push(entry);
  return entry;
};

// Only the last answer can be asked for again.
const markLast = () => turns.forEach((entry, index) => {
  if (entry.retry) entry.retry.hidden = talking !== null || index !== turns.length - 1;
});

const reply = async () => {
  const system = at('system').value.trim();
  const messages = turns.map(({ role, content }) => ({ role, content }));
  if (system) messages.unshift({ role: 'system', content: system });
  const entry = turn('assistant', '');
  talking = new AbortController();
  at('send').disabled = true;
  at('halt').disabled = false;
  document.body.dataset.chat = 'running';
  entry.words.classList.add('busy');
  markLast();
  let count = 0, first = 0, reason = 'stopped';
  try {
    const response = await post('/v1/chat/completions', {
      model: at('speaker').value, messages, max_tokens: Number(at('most').value), temperature: Number(at('heat').value),
      stream: true, stream_options: { include_usage: true }
    }, talking.signal);
    for await (const chunk of pieces(response)) {
      if (chunk.usage) count = chunk.usage.completion_tokens;
      const choice = chunk.choices[0];
      if (!choice) continue;
      if (choice.finish_reason) reason = choice.finish_reason === 'length' ? 'cut at the limit of new tokens' : '';
      const piece = choice.delta.content;
      if (!piece) continue;
      first ||= performance.now();
      entry.content += piece;
      entry.words.append(piece);
    }
  } catch (error) {
    if (error.name !== 'AbortError') { reason = 'no answer'; warn(error.message); }
  }
  const seconds = (performance.now() - first) / 1000;
  const speed = count > 1 && first && seconds > 0 ? `${count} tokens, ${(count / seconds).toFixed(count / seconds < 10 ? 1 : 0)} per second` : '';
  entry.note.textContent = [speed, reason].filter(Boolean).join(', ');
  entry.words.classList.remove('busy');
  talking = null;
  at('send').disabled = false;
  at('halt').disabled = true;
  markLast();
  document.body.dataset.chat = 'done';
};

const retry = () => {
  if (talking || turns.at(-1)?.role !== 'assistant') return;
  warn('');
  turns.pop().item.remove();
  reply();
};

const send = async () => {
  if (talking) return;
  if (!models.length) await load();
  const said = at('say').value;
  if (!said.trim() || !at('talk').reportValidity()) return;
  warn('');
  // A turn without an answer is not part of what was said.
  if (turns.at(-1)?.role === 'assistant' && !turns.at(-1).content) {
    turns.pop().item.remove();
    turns.pop()?.item.remove();
  }
  at('say').value = '';
  turn('user', said);
  await reply();
  at('say').focus();
};

at('talk').addEventListener('submit', event => { event.preventDefault(); send(); });
at('halt').addEventListener('click', () => talking?.abort());
at('renew').addEventListener('click', () => {
  talking?.abort();
  turns = [];
  at('turns').replaceChildren();
  warn('');
  at('say').focus();
});
at('say').addEventListener('keydown', event => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
});
document.addEventListener('keydown', event => { if (event.key === 'Escape') talking?.abort(); });
