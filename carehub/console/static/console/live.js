// The live half of the console: one socket (docs/protocol.md), receipts, and regions that renew themselves.
// What a person is typing is never replaced, and nothing is stored in the browser.
(() => {
  "use strict";
  const page = document.body.dataset;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  const BACKOFF_FIRST = 500, BACKOFF_MOST = 30000; // docs/protocol.md
  const POLL_AFTER = 5000, POLL_EVERY = 30000;
  const REPEAT_EVERY = 5000; // a receipt that is not confirmed is said again
  const SILENCE = 40000; // the server beats every 15 s
  const SEEN_AFTER = 1000;
  const ENDED = ["acknowledged", "answered", "handed_over", "superseded", "withdrawn"];

  // ---------------------------------------------------------------- regions

  const entries = "input:not([type=hidden]), textarea, select";
  const isDirty = (field) =>
    field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
    : field.tagName === "SELECT" ? [...field.options].some((o) => o.selected !== o.defaultSelected) && field.selectedIndex > 0
    : field.value !== field.defaultValue;

  function isBusy(region) {
    const focused = document.activeElement;
    if (focused && region.contains(focused) && (focused.matches(entries) || !focused.id)) return true;
    if ($$(entries, region).some(isDirty)) return true;
    return Boolean($("button:hover, summary:hover", region)); // do not move a button away from under the pointer
  }

  function renew(region, { force = false } = {}) {
    if (!force && isBusy(region)) {
      region.dataset.stale = "0";
      const note = $(":scope > [data-changed], :scope > .region-head + [data-changed]", region);
      if (note && $$(entries, region).some((field) => field === document.activeElement || isDirty(field))) note.hidden = false;
      return;
    }
    delete region.dataset.stale;
    htmx.trigger(region, "renew");
  }

  const waiting = new Set();
  let renewing = 0;
  function renewSoon(region, after = 150) {
    waiting.add(region.id);
    clearTimeout(renewing);
    renewing = setTimeout(() => {
      for (const id of waiting) { const found = document.getElementById(id); if (found) renew(found); }
      waiting.clear();
    }, after);
  }

  const concerns = (region, type, record) => {
    const types = (region.dataset.refreshOn || "").split(" ");
    return (types.includes("*") || types.includes(type)) && (!region.dataset.record || region.dataset.record === record);
  };

  // A swap keeps what was open, focused and typed.
  const kept = new Map();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    if (!target || !target.matches("[data-region]") || event.detail.xhr.status >= 400) return;
    const isRenewal = event.detail.requestConfig.verb === "get";
    kept.set(target.id, {
      open: $$("details[open]", target).map((d) => d.id).filter(Boolean),
      hadFocus: target.contains(document.activeElement),
      focus: document.activeElement.id,
      next: nextCard(target, document.activeElement),
      typed: isRenewal ? $$(entries, target).filter((f) => f.form && f.form.id && isDirty(f)).map((f) => ({
        form: f.form.id, name: f.name, value: f.value, checked: f.checked })) : [],
      isRenewal,
    });
  });
  let scan = () => {};
  // What was refused is announced and focused, whether the whole page came with it or a part.
  const takeFocus = () => $$("[data-take-focus]").forEach((element) => { element.removeAttribute("data-take-focus"); element.focus(); });
  takeFocus();

  document.addEventListener("htmx:afterSettle", ({ target: region }) => {
    scan(document);
    takeFocus();
    if (!kept.has(region.id)) return;
    const { open, hadFocus, focus, next, typed, isRenewal } = kept.get(region.id);
    kept.delete(region.id);
    if (isRenewal) for (const id of open) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    for (const { form, name, value, checked } of typed) {
      const fields = $$(entries, document.getElementById(form) || document.createElement("p")).filter((f) => f.name === name);
      for (const field of fields) {
        if (field.type === "checkbox" || field.type === "radio") { if (field.value === value) field.checked = checked; }
        else field.value = value;
      }
    }
    if (hadFocus && (document.activeElement === document.body || document.activeElement === null)) {
      const heading = $("h1, h2", region);
      heading?.setAttribute("tabindex", "-1");
      (document.getElementById(focus) || document.getElementById(next) || heading)?.focus({ preventScroll: true });
    }
  });

  function nextCard(region, element) {
    const card = element && element.closest("[data-card]");
    if (!card || !region.contains(card)) return "";
    const cards = $$("[data-card]", region), at = cards.indexOf(card);
    const open = [...cards.slice(at + 1), ...cards.slice(0, at).reverse()].find((c) => !c.classList.contains("is-settled"));
    return open ? open.id : "";
  }

  document.addEventListener("click", (event) => {
    const shown = event.target.closest("[data-show]");
    if (shown) renew(shown.closest("[data-region]"), { force: true });
  });

  // ---------------------------------------------------------------- who has seen

  // A list of names is a read that the trail notes, so it is fetched again only when its figures changed.
  const meters = new Set();
  let metering = 0;
  function meterSoon(eventId) {
    meters.add(eventId);
    if (metering) return;
    metering = setTimeout(() => {
      metering = 0;
      meters.forEach(measure);
      meters.clear();
    }, 400);
  }
  async function measure(id) {
    const places = $$(`[data-meter="${id}"]`);
    if (!places.length) return;
    const answer = await fetch(`/events/${id}/meter`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer || answer.status !== 200) return;
    const html = (await answer.text()).trim();
    for (const place of places) {
      const old = place.textContent.trim();
      htmx.swap(place, html, { swapStyle: "innerHTML" });
      const who = place.closest("details[data-who][open]");
      if (who && place.textContent.trim() !== old) htmx.trigger($(".who-list", who), "look");
    }
  }
  const meterOpenLists = () => { for (const who of $$("details[data-who][open]")) meterSoon(who.dataset.who); };
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details[data-who]") && event.target.open) htmx.trigger($(".who-list", event.target), "look");
  }, true);

  // A suggestion brings its code along.
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-coded]")) return;
    const option = $$("option", event.target.list).find((o) => o.value === event.target.value);
    if (!option) return;
    const form = event.target.form.elements;
    form.code.value = option.dataset.code;
    form.system.value = option.dataset.system;
  });

  // ---------------------------------------------------------------- times

  const skew = page.now ? Date.parse(page.now) - Date.now() : 0;
  function span(ms) {
    const seconds = Math.abs(Math.trunc(ms / 1000));
    for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
      if (seconds >= size) { const n = Math.floor(seconds / size); return `${n} ${unit}${n === 1 ? "" : "s"}`; }
    }
    return "less than a minute";
  }
  function tellTime() {
    const now = Date.now() + skew;
    for (const time of $$("time[data-relative]")) {
      const ms = Date.parse(time.dateTime) - now;
      time.textContent = ms > 0 ? `in ${span(ms)}` : `${span(ms)} ago`;
    }
    for (const time of $$("time[data-due]")) {
      const ms = Date.parse(time.dateTime) - now;
      time.textContent = ms > 0 ? `due in ${span(ms)}` : `overdue by ${span(ms)}`;
      time.classList.toggle("is-overdue", ms <= 0);
    }
  }
  setInterval(tellTime, 30000);

  if (!page.cursor) return; // nobody is logged in on this page

  // ---------------------------------------------------------------- the socket

  let [epoch, head] = page.cursor.split(".").map(Number);
  let newsFrom = null; // events up to here were on the page when it opened: no toast for them
  let open = null, socket = null, attempts = 0, lastFrame = 0, downSince = Date.now(), leaving = false;
  let receivedTold = 0, telling = 0, retrying = 0;
  const unconfirmed = { seen: new Set(), acknowledge: new Map() };

  const words = { live: "Live", connecting: "Connecting…", reconnecting: "Reconnecting…", offline: "Offline, looking every 30 s" };
  function link(state) {
    const place = $("[data-link]");
    if (!place || place.dataset.link === state) return;
    place.dataset.link = state;
    $("[data-link-words]", place).textContent = words[state];
  }

  const isUp = () => socket !== null && socket.readyState === WebSocket.OPEN;
  const say = (frame) => { if (isUp()) socket.send(JSON.stringify(frame)); };
  const toLogIn = () => { leaving = true; location.assign(`/log-in?next=${encodeURIComponent(location.pathname)}`); };

  function connect() {
    clearTimeout(retrying);
    if (leaving || socket) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/ws/v1/live`, "carehub.v1");
    socket.onopen = () => { lastFrame = Date.now(); say({ kind: "resume", cursor: `${epoch}.${head}` }); };
    socket.onmessage = (message) => { lastFrame = Date.now(); hear(JSON.parse(message.data)); };
    socket.onclose = ({ code }) => {
      socket = null;
      downSince = downSince || Date.now();
      if (code === 4001) return toLogIn();
      if (leaving) return undefined;
      link(Date.now() - downSince > POLL_AFTER ? "offline" : "reconnecting");
      const pause = Math.min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** attempts++) * (0.5 + Math.random());
      retrying = setTimeout(connect, pause);
      return undefined;
    };
  }

  function hear(frame) {
    if (frame.kind === "hello") {
      downSince = 0; attempts = 0;
      link("live");
      newsFrom = newsFrom === null ? frame.n : newsFrom;
      setOpen(frame.open);
      repeat();
    } else if (frame.kind === "event") {
      arrived(frame);
      tellReceived();
    } else if (frame.kind === "receipt") {
      confirmed(frame);
    } else if (frame.kind === "head") {
      setOpen(frame.open);
      meterOpenLists();
      if (Date.now() - overseenAt > POLL_EVERY) overseen();
    } else if (frame.kind === "overseen") {
      overseen();
    } else if (frame.kind === "resync") {
      resync(frame.cursor);
      say({ kind: "resume", cursor: frame.cursor });
    }
  }

  // What coordinators watch is asked for again once in two seconds at most; at a beat after 30 s without (a hint is
  // lost while Redis is dead), and then the server answers 204 unless something has changed.
  let overseenAt = Date.now(), overseeing = 0;
  function overseen() {
    if (overseeing || document.visibilityState !== "visible") return;
    overseeing = setTimeout(() => {
      overseeing = 0;
      overseenAt = Date.now();
      for (const region of $$("[data-overseen]")) renew(region);
    }, Math.max(150, 2000 - (Date.now() - overseenAt)));
  }

  function resync(cursor) {
    [epoch, head] = cursor.split(".").map(Number);
    newsFrom = head;
    unconfirmed.seen.clear();
    for (const region of $$("[data-region]")) renewSoon(region);
  }

  // Between two beats the count is carried on here; the next `head` puts it right whatever happened elsewhere.
  function arrived({ n, event, obligation, due_at: dueAt, state }) {
    if (n <= head) return;
    head = n;
    if (open !== null && newsFrom !== null && n > newsFrom && dueAt && !ENDED.includes(state)) setOpen(open + 1);
    for (const region of $$("[data-region]")) if (concerns(region, event.type, event.record_id)) renewSoon(region);
    const isOwn = event.author && event.author.id === page.person;
    if (!isOwn && (newsFrom === null || n > newsFrom)) toast(event, obligation);
    if (!isOwn) for (const warning of $$("[data-warn-on]")) {
      if (warning.dataset.warnOn === event.type && warning.dataset.record === event.record_id) warning.hidden = false;
    }
  }

  function tellReceived() {
    clearTimeout(telling);
    telling = setTimeout(() => {
      if (head > receivedTold && isUp()) { receivedTold = head; say({ kind: "received", n: head }); }
    }, 100);
  }

  function setOpen(count) {
    if (count === open) return;
    const isFirst = open === null;
    open = count;
    for (const badge of $$("[data-open-count]")) {
      badge.hidden = count === 0;
      badge.textContent = count;
      badge.setAttribute("aria-label", `${count} open`);
    }
    document.title = document.title.replace(/^\(\d+\) /, "");
    if (count) document.title = `(${count}) ${document.title}`;
    if (!isFirst) for (const region of $$("[data-refresh-on-open]")) renewSoon(region);
  }

  // ---------------------------------------------------------------- receipts

  function confirmed({ event_id: eventId, n, state }) {
    meterSoon(eventId);
    if (n === null) return;
    unconfirmed.seen.delete(n);
    for (const card of $$(`[data-n="${n}"]`)) if (card.dataset.state !== undefined) card.dataset.state = state;
    if (!ENDED.includes(state)) return;
    if (unconfirmed.acknowledge.delete(n) && open) setOpen(open - 1);
    for (const button of $$(`[data-acknowledge="${n}"]`)) settle(button, state);
  }

  function settle(button, state) {
    const card = button.closest("[data-card]"), region = button.closest("[data-region]");
    const hadFocus = (card || button).contains(document.activeElement);
    const next = card && region ? nextCard(region, card) : "";
    const done = document.createElement("p");
    done.className = "done";
    done.textContent = state === "acknowledged" ? "Acknowledged" : "Settled";
    (button.closest("form") || button).replaceWith(done);
    if (card) card.classList.add("is-settled");
    if (hadFocus && next) document.getElementById(next).focus();
    else if (hadFocus && card) card.focus();
    if (region) renewSoon(region, 1500);
  }

  function acknowledge(n) {
    unconfirmed.acknowledge.set(n, 0);
    for (const button of $$(`[data-acknowledge="${n}"]`)) { button.setAttribute("aria-busy", "true"); button.textContent = "Acknowledging…"; }
    if (isUp()) say({ kind: "acknowledge", n: [n] });
    else poll();
  }

  function repeat() {
    if (!isUp()) return;
    const seen = [...unconfirmed.seen].slice(0, 200), acks = [...unconfirmed.acknowledge.keys()].slice(0, 200);
    if (seen.length) say({ kind: "seen", n: seen });
    if (acks.length) say({ kind: "acknowledge", n: acks });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-acknowledge]");
    if (!button) return;
    event.preventDefault();
    acknowledge(Number(button.dataset.acknowledge));
  });

  const timers = new Map();
  const watcher = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting, intersectionRatio, intersectionRect } of changes) {
      const isShown = isIntersecting && (intersectionRatio >= 0.5 || intersectionRect.height >= innerHeight / 2);
      if (!isShown) { clearTimeout(timers.get(target)); timers.delete(target); continue; }
      if (!timers.has(target)) timers.set(target, setTimeout(() => looked(target), SEEN_AFTER));
    }
  }, { threshold: [0, 0.25, 0.5, 0.75, 1] });

  function looked(card) {
    timers.delete(card);
    if (!card.isConnected) return;
    watcher.unobserve(card);
    unconfirmed.seen.add(Number(card.dataset.n));
    clearTimeout(looked.timer);
    looked.timer = setTimeout(() => { const n = [...unconfirmed.seen].slice(0, 200); if (n.length) say({ kind: "seen", n }); }, 250);
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") { overseen(); return scan(document); }
    for (const [card, timer] of timers) { clearTimeout(timer); watcher.unobserve(card); }
    timers.clear();
    return undefined;
  });

  scan = (within) => {
    if (document.visibilityState !== "visible") return;
    for (const card of $$("[data-n][data-state]", within)) {
      if (["pending", "received"].includes(card.dataset.state)) watcher.observe(card);
    }
  };

  // ---------------------------------------------------------------- when the socket is down

  let polling = false, lastPoll = 0;
  async function poll() {
    if (polling || leaving) return;
    polling = true;
    lastPoll = Date.now();
    try {
      for (;;) {
        const answer = await fetch(`/api/v1/inbox?after=${epoch}.${head}`, { headers: { Accept: "application/json" } });
        if (answer.status === 401 || answer.status === 403) return toLogIn();
        const said = await answer.json();
        if (answer.status === 409) { resync(said.cursor); break; }
        if (!answer.ok) break;
        said.results.forEach(arrived);
        head = Math.max(head, Number(said.cursor.split(".")[1]));
        setOpen(said.open);
        if (head >= said.head || said.results.length === 0) { overseen(); break; }
      }
      await tellByPost();
      connect(); // the server answers: no need to wait out the back-off
    } catch { /* the network is down: the next poll tries again */ } finally { polling = false; }
    return undefined;
  }

  async function tellByPost() {
    const said = { seen: [...unconfirmed.seen].slice(0, 200), acknowledge: [...unconfirmed.acknowledge.keys()].slice(0, 200) };
    if (head > receivedTold) said.received = head;
    if (said.received === undefined && !said.seen.length && !said.acknowledge.length) return;
    const answer = await fetch("/api/v1/inbox/receipts", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": $("meta[name=csrf-token]").content },
      body: JSON.stringify(said),
    });
    if (!answer.ok) return;
    receivedTold = Math.max(receivedTold, said.received || 0);
    (await answer.json()).results.forEach(confirmed);
  }

  // ---------------------------------------------------------------- news

  const phrases = JSON.parse(page.phrases);
  function toast({ record_id: record, author, type }, obligation) {
    const place = $("#toasts");
    const told = document.createElement("p");
    const asks = { acknowledge: " Please acknowledge.", answer: " An answer is asked of you." };
    const { phrase, title } = phrases[type] || { phrase: "changed a record", title: "Something changed" };
    const text = author ? `${author.name} ${phrase}.` : `${title}.`;
    const anchor = document.createElement("a");
    anchor.href = `/records/${record}`;
    anchor.textContent = "Open the record";
    told.append(`${text}${asks[obligation] || ""} `, anchor);
    place.append(told);
    while (place.children.length > 3) place.firstChild.remove();
    const fade = () => (told.matches(":hover, :focus-within") ? setTimeout(fade, 3000) : told.remove());
    setTimeout(fade, 9000);
  }

  // ---------------------------------------------------------------- keys

  let areKeysOn = true;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-keys]");
    if (!button) return;
    areKeysOn = !areKeysOn;
    showKeys();
  });
  const showKeys = () => $$("[data-keys]").forEach((button) => {
    button.setAttribute("aria-pressed", String(areKeysOn));
    button.textContent = areKeysOn ? "Keys on" : "Keys off";
  });

  document.addEventListener("keydown", (event) => {
    if (!areKeysOn || event.ctrlKey || event.metaKey || event.altKey || event.target.matches(entries)) return;
    const cards = $$("[data-card]");
    if (!cards.length) return;
    const card = event.target.closest("[data-card]");
    if (event.key === "j" || event.key === "k") {
      const step = event.key === "j" ? 1 : -1;
      const next = card ? cards[cards.indexOf(card) + step] : cards[0];
      if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
    } else if (event.key === "a" && card) {
      const button = $("[data-acknowledge]", card), answer = $("details.answer", card);
      if (button) button.click();
      else if (answer) { answer.open = true; $(entries, answer).focus(); }
    } else if (event.key === "Enter" && event.target === card) {
      $("[data-open-record]", card)?.click();
    } else return;
    event.preventDefault();
  });

  // ---------------------------------------------------------------- the beat

  setInterval(() => {
    const now = Date.now();
    if (isUp() && now - lastFrame > SILENCE) socket.close(4000);
    if (downSince && now - downSince > POLL_AFTER) {
      if (!isUp()) link("offline");
      if (now - lastPoll > POLL_EVERY) poll();
    }
    for (const region of $$("[data-region][data-stale]")) {
      if (now > Number(region.dataset.stale) && !isBusy(region)) renew(region);
    }
  }, 1000);
  setInterval(repeat, REPEAT_EVERY);
  addEventListener("pagehide", () => { leaving = true; });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  addEventListener("online", () => { attempts = 0; connect(); });
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(name, (event) => { const region = event.detail.elt?.closest?.("[data-region]"); if (region) region.dataset.stale = String(Date.now() + 5000); });
  }

  scan(document);
  showKeys();
  tellReceived();
  connect();
})();
