// Gives the page a map of 50,000 sounds in sixty groups, whatever the library holds.
(() => {
  const total = 50000;
  const real = window.fetch;
  const bytes = () => {
    const view = new DataView(new ArrayBuffer(8 + 18 * total));
    view.setUint32(0, 1, true);
    view.setUint32(4, total, true);
    let seed = 1;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const spread = () => (random() + random() + random() - 1.5) * 0.12;
    for (let at = 0; at < total; at += 1) {
      const group = at % 60;
      const far = 0.1 + 0.8 * Math.sqrt(group / 60);
      view.setFloat32(8 + 4 * at, far * Math.cos(group * 2.4) + spread(), true);
      view.setFloat32(8 + 4 * (total + at), far * Math.sin(group * 2.4) + spread(), true);
      view.setUint32(8 + 4 * (3 * total + at), at % 20, true);
      view.setUint16(8 + 16 * total + 2 * at, group * 12, true);
    }
    return view.buffer;
  };
  window.fetch = async (address, options) => {
    if (address === "api/map/points") return new Response(bytes());
    if (address !== "api/map") return real(address, options);
    return new Response(JSON.stringify({ state: "ready", view: 1, points: total, omitted: 0, placed: 0 }));
  };
})();
