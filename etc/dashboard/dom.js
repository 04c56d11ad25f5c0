// Text from the tree goes into the page as text nodes and nothing else.
'use strict';

const TONES = {
  good: ['ready', 'fulfilled', 'running', 'serving', 'done'],
  busy: ['in-use', 'pending', 'uploading'],
  wait: ['building', 'init', 'testing', 'requested', 'paused', 'waiting', 'initializing'],
  held: ['hold'],
  bad: ['failed', 'aborted', 'declined', 'unserved', 'abandoned'],
};
const TONE_OF = Object.fromEntries(Object.entries(TONES).flatMap(([tone, all]) => all.map((it) => [it, tone])));
const toneOf = (state) => TONE_OF[state] || 'calm';
const byId = (id) => document.getElementById(id);

function element(name, options, ...children) {
  const it = document.createElement(name);
  for (const [key, value] of Object.entries(options || {})) {
    if (value === undefined || value === null) continue;
    if (key === 'class') it.className = value;
    else if (key === 'grow') it.style.flexGrow = value;
    else if (key === 'click') it.addEventListener('click', value);
    else it.setAttribute(key, value);
  }
  it.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ''));
  return it;
}

const tag = (text, tone, title) => element('span', { class: 'tag ' + tone, title }, text);
const stateTag = (state) => tag(state || 'unreadable', state ? toneOf(state) : 'bad');
const code = (text, soft) => element('code', soft ? { class: 'soft' } : {}, text);
/** A heading that the eye does not need. */
const heard = (text) => element('span', { class: 'heard' }, text);
const line = (...children) => element('div', { class: 'line' }, ...children);
const button = (text, title, click) => element('button', { type: 'button', title, click }, text);
const plural = (count, one) => count + ' ' + one + (count === 1 ? '' : 's');

/** Rows are arrays of cells: text, elements, or arrays of them; `undefined` among rows is left out. */
function table(headings, rows, empty) {
  if (rows.length === 0) return element('p', { class: 'soft' }, empty);
  const cell = (name, options) => (it) => element(name, options, it === null || it === undefined ? '' : it);
  const rowOf = (row) => (Array.isArray(row) ? element('tr', {}, ...row.map(cell('td'))) : row);
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...headings.map(cell('th', { scope: 'col' })))),
    element('tbody', {}, ...rows.filter(Boolean).map(rowOf)),
  );
}

/** Elapsed since UNIX seconds, kept going. */
function age(seconds) {
  if (seconds === null || seconds === undefined) return '';
  const it = element('time', { 'data-since': String(seconds), title: new Date(seconds * 1000).toISOString() });
  it.textContent = elapsed(Date.now() / 1000 - seconds);
  return it;
}

function elapsed(seconds) {
  const left = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [Math.floor(left / 86400), Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60];
  if (days > 0) return days + ' d ' + hours + ' h';
  if (hours > 0) return hours + ' h ' + minutes + ' min';
  return minutes > 0 ? minutes + ' min ' + (left % 60) + ' s' : left + ' s';
}

setInterval(() => {
  for (const it of document.querySelectorAll('time[data-since]'))
    it.textContent = elapsed(Date.now() / 1000 - Number(it.dataset.since));
}, 1000);

/** Sets a text that is read aloud when it is set: only if it is another one. */
function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/** Fills a section, and shows it. */
function show(part, summary, ...body) {
  const section = byId(part);
  section.hidden = false;
  section.querySelector('small').textContent = summary;
  section.querySelector('.body').replaceChildren(...body.filter(Boolean));
}

/** Numbers on top; each part brings its own. */
const tiles = new Map();
const TILE_ORDER = [
  ['nodes', 'ready', 'in use', 'on the way', 'held', 'failed'],
  ['requests', 'longest wait', 'builds', 'failing', 'launchers', 'builders'],
].flat();
function tile(name, value, tone) {
  const changed = element(
    'div',
    { class: 'tile' },
    element('b', { class: tone || '' }, typeof value === 'number' ? String(value) : value),
    name,
  );
  const before = tiles.get(name);
  if (before) before.replaceWith(changed);
  tiles.set(name, changed);
  if (!before) byId('tiles').replaceChildren(...TILE_ORDER.flatMap((it) => tiles.get(it) || []));
}

/** A number that has a tone only if it is one. */
function countTile(name, count, tone) {
  tile(name, count, count > 0 ? tone : 'calm');
}

for (const dialog of document.querySelectorAll('dialog'))
  dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close());

/** The theme: as the system has it, until somebody chooses. */
const theme = (chosen) => {
  if (chosen) document.documentElement.dataset.theme = chosen;
};
theme(localStorage.getItem('theme'));
byId('theme').addEventListener('click', () => {
  const isDark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  const chosen = isDark ? 'light' : 'dark';
  localStorage.setItem('theme', chosen);
  theme(chosen);
});
