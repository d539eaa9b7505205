// Small and optional: every page works without it (all rows open, buttons live, the server checks everything again).
(function () {
  'use strict';
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const count = (number) => number.toLocaleString('en');
  document.documentElement.classList.add('ws-js-on');

  // ---- typed confirmation: the button waits for every number and every tick of its form

  all('[data-want]').forEach((box) => {
    if (box.disabled) return;
    const button = document.getElementById(box.dataset.for);
    const boxes = all('[data-want]', box.form), ticks = all('[data-ack]', box.form);
    const say = document.getElementById(box.getAttribute('aria-describedby'));
    function sync() {
      const ready = boxes.every((each) => each.value.trim() === each.dataset.want) && ticks.every((each) => each.checked);
      if (say && ready === button.disabled) say.textContent = ready ? button.textContent + ' is now available' : '';
      button.disabled = !ready;
    }
    sync();
    box.addEventListener('input', sync);
    ticks.forEach((tick) => tick.addEventListener('change', sync));
  });

  // ---- a form is sent once: a second click waits for what the first one leads to

  const WAIT = 20000;  // milliseconds; whoever stopped waiting may send again, and the server still carries it out once
  function release(form) {
    delete form.dataset.sent;
    all('button[data-label]', form).forEach((button) => {
      button.textContent = button.dataset.label;
      button.removeAttribute('aria-disabled');
    });
  }
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== 'post') return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = '1';
    setTimeout(() => release(form), WAIT);
    const button = event.submitter;
    if (!button || button.tagName !== 'BUTTON' || !button.classList.contains('ws-btn')) return;
    button.dataset.label = button.textContent;
    button.setAttribute('aria-disabled', 'true');
    button.textContent = 'One moment…';
  });
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) all('form[data-sent]').forEach(release);  // it comes back as it was left
  });

  // ---- a file dropped on the zone

  all('.ws-drop').forEach((zone) => {
    const input = zone.querySelector('input[type=file]'), got = zone.querySelector('.got');
    const over = (on) => (event) => { event.preventDefault(); zone.classList.toggle('over', on); };
    ['dragenter', 'dragover'].forEach((name) => zone.addEventListener(name, over(true)));
    ['dragleave', 'drop'].forEach((name) => zone.addEventListener(name, over(false)));
    zone.addEventListener('drop', (event) => {
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event('change'));
    });
    input.addEventListener('change', () => {
      const file = input.files[0];
      got.hidden = !file;
      got.textContent = file ? file.name + ', ' + count(Math.ceil(file.size / 1024)) + ' KB' : '';
    });
  });

  // ---- a part that asks for itself: not while it is paused or nobody looks, and it speaks only of a change

  const pause = document.querySelector('[data-pause]');
  if (pause) {
    const part = () => document.getElementById(pause.dataset.pause);
    const said = document.getElementById(pause.dataset.pause + '-said');
    const paused = () => pause.getAttribute('aria-pressed') === 'true';
    let last = part().dataset.said;
    pause.addEventListener('click', () => {
      pause.setAttribute('aria-pressed', String(!paused()));
      pause.textContent = paused() ? 'Go on refreshing' : 'Pause refresh';
    });
    document.addEventListener('htmx:beforeRequest', (event) => {
      if (event.target === part() && (paused() || document.hidden)) event.preventDefault();
    });
    document.addEventListener('htmx:afterSwap', () => {
      if (part().dataset.said !== last) said.textContent = last = part().dataset.said;
      if (part().hasAttribute('hx-get')) return;
      document.querySelector('.ws-live').hidden = true;  // it has ended
    });
  }

  // ---- a table of rows in tree order: folding, filtering, finding

  const table = document.querySelector('[data-tree-table]');
  if (!table) return;
  const find = document.getElementById('find');
  const shown = document.getElementById('shown'), showAll = document.getElementById('show-all');
  const whole = 'whole' in table.dataset;  // every row of the plan is here: no question for the server
  const fold = (row) => row.querySelector('.ws-tw');
  const isOpen = (row) => !fold(row) || fold(row).getAttribute('aria-expanded') === 'true';
  const setOpen = (row, open) => { if (fold(row)) fold(row).setAttribute('aria-expanded', String(open)); };
  const changes = (row) => row.dataset.change === '1';

  // index → depth, index of the parent's row (-1 for a root), of the last row below, and whether it or one below changes
  let rows, depths, parents, ends, lively;
  function measure() {
    rows = all('tbody tr[data-depth]', table);
    depths = rows.map((row) => Number(row.dataset.depth));
    parents = [];
    ends = [];
    const path = [];
    rows.forEach((row, i) => {
      while (path.length && depths[path[path.length - 1]] >= depths[i]) ends[path.pop()] = i - 1;
      parents[i] = path.length ? path[path.length - 1] : -1;
      path.push(i);
    });
    while (path.length) ends[path.pop()] = rows.length - 1;
    lively = rows.map(changes);
    for (let i = rows.length - 1; i >= 0; i--) if (lively[i] && parents[i] >= 0) lively[parents[i]] = true;
  }
  measure();

  // as the server finds: in the name; with a › in the path, and then it ends in the name
  const nameOf = (i) => rows[i].querySelector('.ws-name').textContent.trim().toLowerCase();
  const pathOf = (i) => (parents[i] < 0 ? '' : pathOf(parents[i]) + '›') + nameOf(i);
  function finds(i, text) {
    const path = pathOf(i), at = path.lastIndexOf(text);
    return at >= 0 && at + text.length >= path.length - nameOf(i).length;
  }

  function matching() {
    const text = find ? find.value.split('›').map((part) => part.trim()).join('›').toLowerCase() : '';
    if (!whole || !text) return null;
    const kept = new Set();
    let found = 0;
    rows.forEach((row, i) => {
      if (!finds(i, text)) return;
      found++;
      for (let at = i; at >= 0 && !kept.has(at); at = parents[at]) kept.add(at);
    });
    return { kept, found };
  }

  function render() {
    const match = matching();
    all('.ws-fold', table).forEach((note) => note.remove());
    let shutUntil = -1;
    rows.forEach((row, i) => {
      const inFold = i <= shutUntil && !match;
      row.hidden = inFold || Boolean(match && !match.kept.has(i));
      if (i > shutUntil && !isOpen(row) && ends[i] > i) {
        shutUntil = ends[i];
        const note = document.createElement('span');
        note.className = 'ws-tag ws-fold';
        note.textContent = '+ ' + count(ends[i] - i) + ' below' + (shown && !lively[i] ? ', all unchanged' : '');
        row.querySelector('th').append(note);
      }
    });
    if (shown) shown.textContent = !match ? '' : match.found ? count(match.found) + ' matching' : 'Nothing matches.';
    if (showAll) showAll.hidden = !match || match.found > 0;
  }

  function foldUnchanged() {
    rows.forEach((row, i) => { if (depths[i] > 0 && !lively[i]) setOpen(row, false); });
    render();
  }

  function openAll() {
    rows.forEach((row) => setOpen(row, true));
    if (find) find.value = '';
    render();
  }

  table.addEventListener('click', (event) => {
    const button = event.target.closest('.ws-tw');
    if (!button) return;
    setOpen(button.closest('tr'), !isOpen(button.closest('tr')));
    render();
  });
  all('[data-tree]').forEach((button) => {
    button.addEventListener('click', button.dataset.tree === 'fold' ? foldUnchanged : openAll);
  });
  if (whole && find) {
    find.addEventListener('input', render);
    find.form.addEventListener('submit', (event) => event.preventDefault());
  }

  // further rows of a long plan: what they stand below is opened, so that no fold hides a change
  document.addEventListener('htmx:afterSettle', (event) => {
    if (!table.contains(event.target)) return;
    const before = rows.length;
    measure();
    if (rows.length === before) return;
    rows.forEach((row, i) => { if (lively[i]) setOpen(row, true); });
    render();
    const first = rows[before].querySelector('th');  // where the button was that has just gone
    first.tabIndex = -1;
    first.focus({ preventScroll: true });
    if (shown) shown.textContent = count(rows.length - before) + ' more rows';
  });

  // a link to a folded or filtered row opens the way to it
  function reveal() {
    const index = location.hash.length > 1 ? rows.indexOf(document.getElementById(location.hash.slice(1))) : -1;
    if (index < 0) return;
    for (let at = parents[index]; at >= 0; at = parents[at]) setOpen(rows[at], true);
    if (whole && find && rows[index].hidden) find.value = '';
    render();
    rows[index].scrollIntoView({ block: 'center' });
  }
  window.addEventListener('hashchange', reveal);
  if (whole && table.id === 'plan') foldUnchanged();
  reveal();

  // ---- selecting rows: what goes with them is marked and counted

  const boxes = rows.map((row) => row.querySelector('input[type=checkbox]'));
  const every = table.querySelector('[data-select-all]'), say = document.getElementById('selected');
  if (!say) return;

  function mark() {
    const top = [];  // index → the topmost selected row at or above it, or -1
    let chosen = 0, going = 0, known = true;
    rows.forEach((row, i) => {
      const above = parents[i] >= 0 ? top[parents[i]] : -1, on = Boolean(boxes[i] && boxes[i].checked);
      top[i] = above >= 0 ? above : on ? i : -1;
      chosen += on;
      if (top[i] === i) {
        going += 1 + Number(row.dataset.below);
        known = known && row.dataset.below !== '';
      }
      row.classList.toggle('sel', on);
      row.classList.toggle('insel', above >= 0);
      note(row, above >= 0 ? rows[above].querySelector('.ws-name').textContent : '');
    });
    const what = known ? count(going) + (going === 1 ? ' workspace' : ' workspaces') + ' with everything below' : 'with everything below';
    say.textContent = chosen ? count(chosen) + ' selected ↳ ' + what : '';
  }

  function note(row, name) {
    const old = row.querySelector('.ws-goes');
    if (old) old.remove();
    if (!name || !row.querySelector('.ws-c-box')) return;
    const goes = document.createElement('span'), words = document.createElement('span');
    goes.className = 'ws-goes';
    goes.append('↳', words);
    words.className = 'ws-vh';
    words.textContent = ' goes with ' + name;
    row.querySelector('.ws-c-box').append(goes);
  }

  table.addEventListener('change', (event) => {
    if (event.target === every) {
      boxes.forEach((box, i) => { if (box && !rows[i].hidden && !rows[i].matches('.ws-ctx')) box.checked = every.checked; });
    }
    mark();
  });
  mark();
})();
