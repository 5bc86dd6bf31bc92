// Which page is on show, and what of it the address bar says.

import { computed, signal } from "@preact/signals";

interface Place {
  path: string;
  search: string;
}

const here = (): Place => ({ path: location.pathname, search: location.search });

const place = signal(here());
export const path = computed(() => place.value.path);
const search = computed(() => place.value.search);
export const query = computed(() => new URLSearchParams(search.value));

const settle = 250;
let timer = 0;

const address = ({ path, search }: Place) => path + search;

function flush(): void {
  if (!timer) return;
  window.clearTimeout(timer);
  timer = 0;
  history.replaceState(null, "", address(place.value));
}

// setQuery changes parts of the query; what is empty goes. Small steps replace the entry of the history a moment after
// the last of them; one that deserves an entry of its own makes one.
export function setQuery(changes: Record<string, string | undefined>, entry = false): void {
  if (entry) flush();
  const q = new URLSearchParams(search.value);
  for (const [key, text] of Object.entries(changes)) {
    if (text) q.set(key, text);
    else q.delete(key);
  }
  q.sort();
  const text = q.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  place.value = { path: path.value, search: text && "?" + text };
  if (entry) {
    history.pushState(null, "", address(place.value));
    return;
  }
  window.clearTimeout(timer);
  timer = window.setTimeout(flush, settle);
}

// ready has the code of a page at hand.
let ready: (path: string) => Promise<void> = () => Promise.resolve();

// visit shows another page from its top. Whoever listens to the way back hears of the way forth as well.
export async function visit(to: URL): Promise<void> {
  flush();
  try {
    await ready(to.pathname);
  } catch {
    location.assign(to); // the server has another build by now
    return;
  }
  history.pushState(null, "", to);
  window.dispatchEvent(new PopStateEvent("popstate"));
  requestAnimationFrame(() => {
    const target = to.hash && document.getElementById(to.hash.slice(1));
    if (target) target.scrollIntoView();
    else {
      window.scrollTo({ top: 0, behavior: "instant" });
      document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    }
  });
}

// served are the addresses that the server answers itself.
const served = /^\/(api|assets|examples|openapi)\b/;

// follow makes links between pages change the page in place, once what a page needs is there.
export function follow(prepare: typeof ready): void {
  ready = prepare;
  document.addEventListener("click", (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const link = e.target instanceof Element && e.target.closest("a");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    const to = new URL(link.href);
    if (to.origin !== location.origin || served.test(to.pathname)) return;
    if (to.pathname === location.pathname && to.hash) return; // the browser's own
    e.preventDefault();
    void visit(to);
  });
  window.addEventListener("popstate", () => {
    window.clearTimeout(timer);
    timer = 0;
    if (address(here()) !== address(place.value)) place.value = here();
  });
}

// modelPath is the address of a model's page. A slash in the model's name stays one.
export const modelPath = (provider: string, model: string) =>
  `/prices/${encodeURIComponent(provider)}/${encodeURIComponent(model).replaceAll("%2F", "/")}`;
