'use strict';
// The map: points on a canvas, moved and zoomed, told about when the pointer is near. All text is set as text.
(() => {
  const canvas = document.getElementById('map-canvas');
  const data = JSON.parse(document.getElementById('map-data').textContent);
  if (!canvas || data.count === 0) return;

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const places = new Uint16Array(bytes(data.places));
  const cat = new Uint16Array(bytes(data.cat));
  const folder = new Uint32Array(bytes(data.folder));
  const length = new Float32Array(bytes(data.length));
  const count = data.count;
  const NONE = 65535;

  const tip = document.getElementById('map-tip');
  const said = document.getElementById('map-said');
  const legend = document.getElementById('map-legend');
  const find = document.getElementById('map-find');
  const colourBy = document.getElementById('map-colour');
  const pen = canvas.getContext('2d');
  const dark = window.matchMedia('screen and (prefers-color-scheme: dark)');

  const LIGHT = ['#1f6fb4', '#c2570c', '#2a7f2a', '#c3282d', '#7d55b0', '#85564b', '#b8489b', '#857711', '#0d8494', '#4b50c4', '#5d7a1f', '#a13d63'];
  const DARK = ['#6db3f2', '#f59a4c', '#6ed06e', '#ff7f80', '#bd9af0', '#c99a8c', '#f08ad6', '#d3c34d', '#4fd0e0', '#989dff', '#a9cc5c', '#ea87ae'];
  const REST = { light: '#6f7783', dark: '#8d97a6' };
  const NO_LABEL = { light: '#a9b0ba', dark: '#5b6472' };
  // A longer sound is darker on white, brighter on black.
  const RAMP_LIGHT = ['#8fa6c4', '#6f93c4', '#4f80c4', '#2f6cbc', '#1b559e', '#0d3d78'];
  const RAMP_DARK = ['#4a5d78', '#5a7aa6', '#6c97d0', '#86b4ee', '#a9cdfa', '#d3e6ff'];
  const LENGTHS = [[1, 'below 1 s'], [3, '1–3 s'], [10, '3–10 s'], [30, '10–30 s'], [120, '30 s – 2 min'], [Infinity, '2 min and more']];
  const NAMED = LIGHT.length;

  // --- Which group a point is in, and what groups are called.
  // From `rest` on they are grey: the others, if there are any, and what has none.
  const grouping = { of: new Int16Array(count), names: [], counts: [], ramp: false, rest: 0, others: 0 };
  let only = -1;

  function group() {
    const key = new Int32Array(count);
    let names;
    if (colourBy.value === 'length') {
      for (let i = 0; i < count; i++) key[i] = LENGTHS.findIndex(([below]) => length[i] < below);
      names = LENGTHS.map(([, name]) => name);
    } else if (colourBy.value === 'folder') {
      key.set(folder);
      names = data.folders;
    } else {
      names = [];
      const numbers = new Map();
      const ofCat = data.cats.map(([, name]) => {
        if (!numbers.has(name)) { numbers.set(name, names.length); names.push(name); }
        return numbers.get(name);
      });
      for (let i = 0; i < count; i++) key[i] = cat[i] === NONE ? -1 : ofCat[cat[i]];
    }
    const counts = new Array(names.length).fill(0);
    let without = 0;
    for (let i = 0; i < count; i++) if (key[i] < 0) without++; else counts[key[i]]++;
    let order = names.map((_, at) => at).filter((at) => counts[at] > 0);
    grouping.ramp = colourBy.value === 'length';
    if (!grouping.ramp) order.sort((a, b) => counts[b] - counts[a] || (names[a] < names[b] ? -1 : 1));
    const named = order.slice(0, NAMED);
    const others = order.slice(NAMED);
    const slot = new Int16Array(names.length).fill(named.length);
    named.forEach((at, number) => { slot[at] = number; });
    grouping.names = named.map((at) => names[at]);
    grouping.counts = named.map((at) => counts[at]);
    grouping.rest = named.length;
    grouping.others = others.length ? 1 : 0;
    if (others.length) {
      grouping.names.push('others (' + others.length + ')');
      grouping.counts.push(others.reduce((sum, at) => sum + counts[at], 0));
    }
    if (without) { grouping.names.push('no label'); grouping.counts.push(without); }
    const last = grouping.names.length - 1;
    for (let i = 0; i < count; i++) grouping.of[i] = key[i] < 0 ? last : slot[key[i]];
    only = -1;
    showLegend();
  }

  let printing = false;
  const isDark = () => dark.matches && !printing;
  function colour(number) {
    if (grouping.ramp) return (isDark() ? RAMP_DARK : RAMP_LIGHT)[number];
    if (number >= grouping.rest) return (number === grouping.rest + grouping.others ? NO_LABEL : REST)[isDark() ? 'dark' : 'light'];
    return (isDark() ? DARK : LIGHT)[number];
  }

  function showLegend() {
    legend.replaceChildren(...grouping.names.map((name, number) => {
      const button = document.createElement('button');
      const dot = document.createElement('i');
      dot.style.background = colour(number);
      const text = document.createElement('span');
      text.dir = 'auto';
      text.textContent = colourBy.value === 'cat' && name === name.toUpperCase()
        ? name[0] + name.slice(1).toLowerCase() : name.split(/[\\/]/).pop() || name;
      const total = document.createElement('span');
      total.className = 'faint';
      total.textContent = grouping.counts[number].toLocaleString('en');
      button.append(dot, text, total);
      button.title = name;
      button.setAttribute('aria-pressed', String(only === number));
      button.onclick = () => {
        only = only === number ? -1 : number;
        [...legend.children].forEach((other, at) => other.setAttribute('aria-pressed', String(only === at)));
        draw();
      };
      return button;
    }));
  }

  // --- What is looked for.
  let found = null;
  function search() {
    const words = find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) { found = null; said.textContent = ''; draw(); return; }
    found = new Uint8Array(count);
    const folders = data.folders.map((name) => name.toLowerCase());
    let hits = 0;
    for (let i = 0; i < count; i++) {
      const [id, name] = cat[i] === NONE ? ['', ''] : data.cats[cat[i]];
      const text = data.names[i].toLowerCase() + ' ' + folders[folder[i]] + ' ' + id.toLowerCase() + ' ' + name.toLowerCase();
      if (words.every((word) => text.includes(word))) { found[i] = 1; hits++; }
    }
    said.textContent = hits === 1 ? '1 sound' : hits.toLocaleString('en') + ' sounds';
    draw();
  }

  // --- The view: a point of the map (0 to 1) stands at offset + point × scale, in CSS pixels.
  let width = 0, height = 0, scale = 1, offsetX = 0, offsetY = 0, fitted = 1;
  const x = (i) => offsetX + places[2 * i] / 65535 * scale;
  const y = (i) => offsetY + places[2 * i + 1] / 65535 * scale;

  function showAll() {
    fitted = scale = Math.min(width, height) * 0.95;
    offsetX = (width - scale) / 2;
    offsetY = (height - scale) / 2;
    draw();
  }

  function zoom(factor, atX = width / 2, atY = height / 2) {
    const next = Math.min(Math.max(scale * factor, fitted * 0.7), fitted * 400);
    offsetX = atX - (atX - offsetX) * next / scale;
    offsetY = atY - (atY - offsetY) * next / scale;
    scale = next;
    draw();
  }

  function move(dx, dy) { offsetX += dx; offsetY += dy; draw(); }

  let pending = false;
  function draw() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; paint(); });
  }

  let near = -1;
  const radius = () => Math.min(5, Math.max(1.1, (count > 20000 ? 1.1 : count > 3000 ? 1.6 : 2.6) * Math.sqrt(scale / fitted)));

  function paint() {
    const dense = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(height * dense);
    }
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    const r = radius();
    const groups = grouping.names.map(() => []);
    const pale = [];
    for (let i = 0; i < count; i++) {
      const px = x(i), py = y(i);
      if (px < -r || py < -r || px > width + r || py > height + r) continue;
      const number = grouping.of[i];
      const shown = (only < 0 || only === number) && (!found || found[i]);
      (shown ? groups[number] : pale).push(px, py);
    }
    pen.globalAlpha = 0.18;
    dots(pale, r, REST[isDark() ? 'dark' : 'light']);
    pen.globalAlpha = count > 20000 ? 0.75 : 0.9;
    // Grey first: what has a name lies above it.
    for (let number = groups.length - 1; number >= 0; number--) dots(groups[number], r, colour(number));
    pen.globalAlpha = 1;
    if (near >= 0) {
      pen.beginPath();
      pen.arc(x(near), y(near), r + 3.5, 0, 2 * Math.PI);
      pen.lineWidth = 2;
      pen.strokeStyle = isDark() ? '#ffffff' : '#000000';
      pen.stroke();
    }
  }

  function dots(list, r, fill) {
    pen.fillStyle = fill;
    if (r < 1.5) {
      for (let at = 0; at < list.length; at += 2) pen.fillRect(list[at] - r, list[at + 1] - r, 2 * r, 2 * r);
      return;
    }
    pen.beginPath();
    for (let at = 0; at < list.length; at += 2) {
      pen.moveTo(list[at] + r, list[at + 1]);
      pen.arc(list[at], list[at + 1], r, 0, 2 * Math.PI);
    }
    pen.fill();
  }

  // --- What is under the pointer: points in cells of the map.
  const CELLS = 256;
  const cellOf = (i) => (places[2 * i + 1] >> 8) * CELLS + (places[2 * i] >> 8);
  const starts = new Uint32Array(CELLS * CELLS + 1);
  for (let i = 0; i < count; i++) starts[cellOf(i) + 1]++;
  for (let at = 0; at < CELLS * CELLS; at++) starts[at + 1] += starts[at];
  const members = new Uint32Array(count);
  const filled = starts.slice();
  for (let i = 0; i < count; i++) members[filled[cellOf(i)]++] = i;

  function nearest(px, py) {
    const reach = 12;
    const clamp = (cell) => Math.min(CELLS - 1, Math.max(0, cell));
    const first = (at, offset) => clamp(Math.floor((at - reach - offset) / scale * CELLS));
    const last = (at, offset) => clamp(Math.floor((at + reach - offset) / scale * CELLS));
    let best = -1, closest = reach * reach;
    for (let row = first(py, offsetY); row <= last(py, offsetY); row++) {
      for (let column = first(px, offsetX); column <= last(px, offsetX); column++) {
        const cell = row * CELLS + column;
        for (let at = starts[cell]; at < starts[cell + 1]; at++) {
          const i = members[at];
          if (only >= 0 && grouping.of[i] !== only || found && !found[i]) continue;
          const distance = (x(i) - px) ** 2 + (y(i) - py) ** 2;
          if (distance < closest) { closest = distance; best = i; }
        }
      }
    }
    return best;
  }

  const clock = (s) => s < 60 ? s.toFixed(1) + ' s' : Math.floor(s / 60) + ':' + String(Math.floor(s % 60)).padStart(2, '0') + ' min';
  function label(i) {
    const id = cat[i] === NONE ? 'no label' : data.cats[cat[i]][0];
    return [data.names[i], id + ' · ' + clock(length[i]), data.folders[folder[i]]];
  }

  function point(i) {
    if (i === near) return;
    near = i;
    tip.hidden = i < 0;
    if (i >= 0) {
      const [name, facts, where] = label(i);
      const title = document.createElement('b');
      const place = document.createElement('div');
      title.dir = place.dir = 'auto';
      title.textContent = name;
      place.textContent = where;
      const middle = document.createElement('div');
      middle.textContent = facts;
      tip.replaceChildren(title, middle, place);
      const left = x(i) + 14 + tip.offsetWidth > width ? x(i) - 14 - tip.offsetWidth : x(i) + 14;
      const top = y(i) + 10 + tip.offsetHeight > height ? y(i) - 10 - tip.offsetHeight : y(i) + 10;
      tip.style.left = Math.max(4, left) + 'px';
      tip.style.top = Math.max(4, top) + 'px';
    }
    draw();
  }

  // --- Mouse, touch, pen and keys.
  const held = new Map();
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, at(event));
    canvas.classList.add('dragged');
  });
  canvas.addEventListener('pointermove', (event) => {
    const [px, py] = at(event);
    const before = held.get(event.pointerId);
    if (!before) { point(nearest(px, py)); return; }
    held.set(event.pointerId, [px, py]);
    if (held.size === 2) {
      const [a, b] = [...held.values()];
      const other = a[0] === px && a[1] === py ? b : a;
      const apart = (p) => Math.max(1, Math.hypot(p[0] - other[0], p[1] - other[1]));
      zoom(apart([px, py]) / apart(before), (px + other[0]) / 2, (py + other[1]) / 2);
    } else {
      point(-1);
      move(px - before[0], py - before[1]);
    }
  });
  const release = (event) => {
    held.delete(event.pointerId);
    if (!held.size) canvas.classList.remove('dragged');
  };
  canvas.addEventListener('pointerup', (event) => { release(event); point(nearest(...at(event))); });
  canvas.addEventListener('pointercancel', release);
  canvas.addEventListener('pointerleave', () => point(-1));
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    point(-1);
    zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0016)), ...at(event));
  }, { passive: false });
  const step = 60;
  const keys = {
    ArrowLeft: () => move(step, 0), ArrowRight: () => move(-step, 0),
    ArrowUp: () => move(0, step), ArrowDown: () => move(0, -step),
    '+': () => zoom(1.4), '=': () => zoom(1.4), '-': () => zoom(1 / 1.4), '0': showAll, Escape: () => point(-1),
    // What is in the middle is told, for those who point with keys.
    Enter: () => { const i = nearest(width / 2, height / 2); point(i); said.textContent = i < 0 ? 'No sound in the middle.' : label(i).join(' · '); },
  };
  canvas.addEventListener('keydown', (event) => {
    const act = !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key];
    if (act) { event.preventDefault(); if (event.key !== 'Enter') point(-1); act(); }
  });
  document.getElementById('map-in').onclick = () => zoom(1.6);
  document.getElementById('map-out').onclick = () => zoom(1 / 1.6);
  document.getElementById('map-all').onclick = showAll;
  colourBy.onchange = () => { group(); draw(); };
  let waiting = 0;
  find.oninput = () => { clearTimeout(waiting); waiting = setTimeout(search, 120); };

  const recolour = () => { showLegend(); paint(); };
  dark.addEventListener('change', recolour);
  addEventListener('beforeprint', () => { printing = true; recolour(); });
  addEventListener('afterprint', () => { printing = false; recolour(); });

  new ResizeObserver(() => {
    const before = width;
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    if (!before || scale === fitted) showAll(); else draw();
  }).observe(canvas);
  group();
})();
