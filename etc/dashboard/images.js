const SHOWN_BUILDS = 4;

async function showImages() {
  const [images, builds, builders] = await Promise.all([
    read('api/v1/images'),
    read('api/v1/builds'),
    read('api/v1/components?kind=builder'),
  ]);
  const newest = (image) => builds.filter((it) => it.image === image).sort((a, b) => b.created_time - a.created_time);
  countTile('builds', builds.filter((it) => it.state === 'building').length, 'wait');
  const failing = images.filter((it) => (newest(it.image)[0] || {}).state === 'failed').length;
  countTile('failing', failing, 'bad');
  const rows = images.map((image) => {
    const own = newest(image.image);
    const service = own.find((it) => it.build === image.newest_ready_build);
    return [
      [
        element('b', {}, image.image),
        line(
          image.paused ? tag('paused', 'wait') : null,
          image.build_request ? tag('build ' + image.build_request, 'wait') : null,
        ),
      ],
      own.length === 0
        ? element('span', { class: 'soft' }, 'no build now')
        : own.slice(0, SHOWN_BUILDS).map((it) => buildLine(it, builders)),
      service === undefined
        ? element('span', { class: 'bad' }, 'none is ready')
        : service.uploads.length === 0
          ? element('span', { class: 'soft' }, 'none')
          : service.uploads.map((it) => line(stateTag(it.state), it.provider, age(it.state_time))),
      [build(image.image), pause(image.image, image.paused)],
    ];
  });
  show('images', '', table(['Image', 'Builds', 'Uploads of the newest ready', heard('Actions')], rows, 'No images.'));
}

function buildLine(it, builders) {
  const why = it.failure && it.failure.message ? element('span', { class: 'bad' }, it.failure.message) : null;
  return line(
    stateTag(it.state),
    age(it.state_time),
    code(it.build.slice(0, 8), true),
    logLink(it, builders),
    element('span', { class: 'soft' }, it.builder || ''),
    it.state === 'building' ? null : removeBuild(it),
    why,
  );
}

/** A log that lies here is shown here; one of another host on the page of its builder. */
function logLink(it, builders) {
  const builder = builders.find((other) => other.builder_id === it.builder_id);
  const url = builder && builder.web_url;
  if (program === 'builder' && (!url || new URL(url).origin === location.origin)) {
    const link = button('log', 'The log of this build', () => openLog(it.log, it.image + '-' + it.build));
    link.className = 'link';
    return link;
  }
  if (!url) return element('span', { class: 'soft', title: 'its builder serves no HTTP' }, 'no log');
  const href = url + '/#log=' + encodeURIComponent(it.image) + '/' + it.build;
  return element('a', { href, target: '_blank', rel: 'noreferrer' }, 'log');
}

let logEvents;
const MOST_LOG_CHARACTERS = 2_000_000;

/** Follows a log until its end, or until nobody looks. `path` begins with a slash. */
function openLog(path, name) {
  const dialog = byId('log');
  const [heading, text, status] = ['h2', 'pre', 'p'].map((it) => dialog.querySelector(it));
  let length = 0; // of the text, which is not to be put together for every line
  heading.textContent = name;
  text.textContent = '';
  status.textContent = '';
  dialog.showModal();
  closeLog();
  logEvents = new EventSource(path.slice(1) + '/stream?tail=2000');
  logEvents.addEventListener('log', ({ data }) => {
    text.append(data + '\n');
    length += data.length + 1;
    for (; length > MOST_LOG_CHARACTERS; text.firstChild.remove()) length -= text.firstChild.length;
    if (byId('log-follow').checked) text.scrollTop = text.scrollHeight;
  });
  logEvents.addEventListener('truncated', () => {
    text.replaceChildren();
    length = 0;
  });
  logEvents.addEventListener('end', ({ data }) => {
    status.textContent = 'The end: ' + JSON.parse(data).outcome;
    closeLog();
  });
  logEvents.onopen = () => (status.textContent = 'following …');
  logEvents.onerror = () => {
    status.textContent =
      logEvents.readyState === EventSource.CLOSED ? 'There is no log here.' : 'no answer, trying again …';
  };
}

function closeLog() {
  if (logEvents) logEvents.close();
}
byId('log').addEventListener('close', () => {
  closeLog();
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
});

/** Whoever comes from elsewhere for a log gets it at once. */
function openLogOfAddress() {
  const [, image, id] = /^#log=([^/]+)\/([^/]+)$/.exec(location.hash) || [];
  if (image === undefined) return;
  openLog('/api/v1/builds/' + image + '/' + id + '/log', decodeURIComponent(image) + '-' + id);
}
addEventListener('hashchange', openLogOfAddress);
