// The verdict in words. Eyes get it at once; assistive technology gets it when the sliders have come to rest.

import { useEffect, useState } from "preact/hooks";
import type { QuickAnswer } from "../api/types";
import { dollars, tied } from "../format";
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
      <p class="lead">{tied(r.sentence)}</p>
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
    // The lower margin makes "not intersecting" mean "scrolled out above" and nothing else.
    const inside = { live: false, verdict: true };
    const update = () => setShown(inside.live && !inside.verdict);
    const near = new IntersectionObserver(
      ([e]) => {
        inside.live = e!.isIntersecting;
        update();
      },
      { rootMargin: "-30% 0px 0px 0px" }, // a last line at the top edge does not count
    );
    const above = new IntersectionObserver(
      ([e]) => {
        inside.verdict = e!.isIntersecting;
        update();
      },
      { rootMargin: "0px 0px 1000000px 0px" },
    );
    near.observe(live);
    above.observe(verdict);
    return () => {
      near.disconnect();
      above.disconnect();
    };
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
