// The verdict in words. Eyes get it at once; assistive technology gets it when the sliders have come to rest.

import { useEffect, useState } from "preact/hooks";
import type { QuickAnswer } from "../api/types";
import { dollars } from "../format";
import { quick, quickProblem } from "../state/answers";

const rest = 500;

export const spoken = (q: QuickAnswer) => `${q.recommendation.headline}. ${q.recommendation.sentence}`;

// Status repeats the verdict in a live region, half a second after the last change.
export function Status() {
  const text = quick.value ? spoken(quick.value) : "";
  const [said, setSaid] = useState("");
  useEffect(() => {
    const t = window.setTimeout(() => setSaid(text), rest);
    return () => window.clearTimeout(t);
  }, [text]);
  return (
    <p class="hidden" role="status">
      {said}
    </p>
  );
}

export function Verdict() {
  const q = quick.value;
  if (!q) return <div class="verdict waiting" aria-busy="true" />;
  const r = q.recommendation;
  const ruledOut = r.api_ruled_out.length + r.self_host_ruled_out.length > 0;
  return (
    <div class={`verdict ${quickProblem.value ? "stale" : ""}`} id="verdict" tabIndex={-1}>
      <p class="kicker">{ruledOut ? "Under your constraints" : "With all terms counted"}</p>
      <h3>{r.headline}</h3>
      <p class="lead">{r.sentence}</p>
      {!q.readings_agree && (
        <p class="contest">
          <b>The two readings disagree.</b> As listed, without tooling, migration and idle capacity: {q.as_listed.sentence}
        </p>
      )}
    </div>
  );
}

// Strip keeps the verdict in sight while the statement itself is scrolled away.
export function Strip() {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const live = document.querySelector(".live");
    const verdict = document.querySelector(".verdict");
    if (!live || !verdict) return;
    const seen = new Map<Element, boolean>();
    const above = new Map<Element, boolean>();
    const watch = new IntersectionObserver((entries) => {
      for (const e of entries) {
        seen.set(e.target, e.isIntersecting);
        above.set(e.target, e.boundingClientRect.bottom < 0);
      }
      setShown(seen.get(live) === true && seen.get(verdict) === false && above.get(verdict) === true);
    });
    watch.observe(live);
    watch.observe(verdict);
    return () => watch.disconnect();
  }, []);
  const q = quick.value;
  return (
    <div class={`strip ${shown ? "shown" : ""}`} aria-hidden="true">
      {q && (
        <p>
          <b>{q.recommendation.headline}.</b>{" "}
          <span class="muted">
            API {dollars(q.all_terms.api.total_usd_per_month)}, self-hosting {dollars(q.all_terms.self_host.total_usd_per_month)} a month
          </span>
        </p>
      )}
    </div>
  );
}
