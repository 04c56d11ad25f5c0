// What needs a token. It is kept for as long as the tab is open, and sent to this server alone.
const session = { name: undefined, token: sessionStorage.getItem('token') };

async function read(path) {
  const response = await fetch(path, { cache: 'no-cache', headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(path + ': ' + response.status);
  return response.json();
}

async function call(method, path, body, token = session.token) {
  const response = await fetch(path, {
    method,
    headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error.message);
  return answer;
}

/** Asks, does, and says in the same place why it could not be done. `work` gets what was typed in. */
function ask({ title, text, yes, input }, work) {
  const dialog = byId('ask');
  const [heading, words, field, trouble, go] = ['h2', 'p', 'input', '[role=alert]', '[data-yes]'].map((it) =>
    dialog.querySelector(it),
  );
  heading.textContent = title;
  words.textContent = text || '';
  field.hidden = input === undefined;
  field.value = '';
  field.type = input && input.secret ? 'password' : 'text';
  field.placeholder = (input && input.hint) || '';
  trouble.textContent = '';
  go.textContent = yes;
  go.disabled = false;
  go.onclick = async () => {
    go.disabled = true;
    try {
      await work(field.value.trim());
      dialog.close();
    } catch (error) {
      trouble.textContent = error.message;
    }
    go.disabled = false;
  };
  field.onkeydown = (event) => {
    if (event.key === 'Enter') go.click();
  };
  dialog.showModal();
  (input ? field : go).focus();
}

/** A button that changes something; nothing for those who may not. */
function act(label, title, question, work) {
  if (session.name === undefined) return null;
  return button(label, title, () => ask({ title, yes: label, ...question }, work));
}

const hold = (id) =>
  act('Hold', 'Hold node ' + id, { input: { hint: 'why' } }, (reason) =>
    call('POST', 'api/v1/nodes/' + id + '/hold', reason === '' ? {} : { reason }),
  );
const release = (id) =>
  act('Release', 'Give back node ' + id, { text: 'It will be deleted. Is anybody about to use it?' }, () =>
    call('POST', 'api/v1/nodes/' + id + '/release?force=true'),
  );
const remove = (id) =>
  act('Delete', 'Delete node ' + id, { text: 'Whatever runs on it is lost.' }, () =>
    call('DELETE', 'api/v1/nodes/' + id),
  );
const cancel = (id) =>
  act('Cancel', 'Call off request ' + id, { text: 'Its nodes are freed, and its requestor is left without.' }, () =>
    call('DELETE', 'api/v1/requests/' + id + '?force=true'),
  );
const build = (image) => act('Build', 'Build ' + image + ' again', {}, () => call('POST', imagePath(image) + '/build'));
const pause = (image, isPaused) =>
  isPaused
    ? act('Unpause', 'Let ' + image + ' be built again', {}, () => call('POST', imagePath(image) + '/unpause'))
    : act('Pause', 'Do not build ' + image + ' for now', {}, () => call('POST', imagePath(image) + '/pause'));
const removeBuild = ({ image, build: id }) =>
  act('Delete', 'Delete build ' + image + '-' + id, { text: 'With its uploads and files.' }, () =>
    call('DELETE', 'api/v1/builds/' + encodeURIComponent(image) + '/' + id),
  );
const imagePath = (image) => 'api/v1/images/' + encodeURIComponent(image);

async function signIn(token) {
  const { name } = await call('GET', 'api/v1/who-am-i', undefined, token);
  Object.assign(session, { name, token });
  sessionStorage.setItem('token', token);
  showSession();
}

function showSession() {
  byId('sign-in').textContent = session.name === undefined ? 'Sign in' : 'Sign out ' + session.name;
  refreshAll();
}

/** For servers that take tokens. */
async function offerSignIn() {
  byId('sign-in').hidden = false;
  byId('sign-in').addEventListener('click', () => {
    if (session.name === undefined)
      return ask(
        { title: 'Sign in', text: 'To change things here.', yes: 'Sign in', input: { hint: 'token', secret: true } },
        signIn,
      );
    Object.assign(session, { name: undefined, token: null });
    sessionStorage.removeItem('token');
    return showSession();
  });
  if (session.token) await signIn(session.token).catch(() => undefined); // it holds no more
}
