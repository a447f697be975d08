(() => {
  'use strict';
  const sounds = JSON.parse(document.getElementById('sounds').textContent);
  const said = document.getElementById('said');
  const player = new Audio();
  let playing = null;
  const show = (text) => { said.textContent = text; said.hidden = !text; };
  const stop = () => { player.pause(); if (playing) playing.classList.remove('playing'); playing = null; };

  player.addEventListener('ended', () => { stop(); show(''); });
  player.addEventListener('error', () => {
    if (!playing) return;
    const sound = sounds[playing.dataset.sound];
    stop();
    show('Cannot be played: ' + sound.name + '. The sounds must lie where they lay when the report was made.');
  });

  function play(point) {
    const again = point === playing;
    stop();
    show('');
    if (again) return;
    const sound = sounds[point.dataset.sound];
    playing = point;
    point.classList.add('playing');
    show(sound.name);
    player.src = sound.source;
    player.play().catch(() => {});
  }

  // A class alone: the others become pale.
  function only(button) {
    const maps = button.closest('.maps');
    const pressed = button.getAttribute('aria-pressed') !== 'true';
    for (const other of maps.querySelectorAll('.legend button')) {
      other.setAttribute('aria-pressed', String(pressed && other === button));
    }
    for (const point of maps.querySelectorAll('circle[data-sound]')) {
      point.classList.toggle('pale', pressed && point.dataset.class !== button.dataset.class);
    }
  }

  document.addEventListener('click', (event) => {
    const point = event.target.closest('circle[data-sound]');
    if (point) { play(point); return; }
    const button = event.target.closest('.legend button');
    if (button) only(button);
  });
  document.addEventListener('keydown', (event) => {
    const point = event.target.closest && event.target.closest('circle[data-sound]');
    if (point && (event.key === 'Enter' || event.key === ' ')) { event.preventDefault(); play(point); }
    if (event.key === 'Escape') { stop(); show(''); }
  });
})();
