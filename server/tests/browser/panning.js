// Drags the map around in circles for some seconds, a movement a frame, and tells when the frames were.
(async () => {
  const seconds = 6;
  const stage = document.querySelector(".stage");
  stage.setPointerCapture = () => {};
  const { x, y, width, height } = stage.getBoundingClientRect();
  const event = (kind, right, down) => stage.dispatchEvent(new PointerEvent(kind, {
    clientX: x + width / 2 + right, clientY: y + height / 2 + down, button: 0, buttons: 1, pointerId: 1, bubbles: true,
  }));
  // What the page itself does in a frame is counted, too.
  const frame = window.requestAnimationFrame.bind(window);
  let working = 0;
  window.requestAnimationFrame = (then) => frame((now) => {
    const begun = performance.now();
    then(now);
    working += performance.now() - begun;
  });
  const times = [];
  event("pointerdown", 0, 0);
  let last = await new Promise(frame);
  const end = last + 1000 * seconds;
  while (last < end) {
    const turn = times.length / 20;
    event("pointermove", 150 * Math.sin(turn), 100 * Math.cos(turn));
    const now = await new Promise(frame);
    times.push(now - last);
    last = now;
  }
  event("pointerup", 0, 0);
  window.requestAnimationFrame = frame;
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return {
    frames_a_second: times.length / seconds, median: at(0.5), of_100_95: at(0.95), longest: at(1),
    working: working / times.length,
    painter: document.querySelector(".plot canvas").getContext("2d") ? "processor" : "graphics card",
  };
})()
