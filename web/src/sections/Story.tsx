// The question, the answer as it stands, and the rules of thumb that the page then takes apart.

import { tied } from "../format";
import { quick } from "../state/answers";

// ShortAnswer is the verdict as it stands, on the first screen.
function ShortAnswer() {
  const q = quick.value;
  return (
    <div class="short-answer" aria-busy={!q}>
      <p class="kicker">The answer as it stands</p>
      {q && (
        <>
          <p class="headline">{q.recommendation.headline}</p>
          <p>
            {tied(q.recommendation.sentence)}{" "}
            <a class="figure" href="#decide">
              Take it apart
            </a>
          </p>
        </>
      )}
    </div>
  );
}

export function Story() {
  return (
    <div class="story">
      <h1>Should we stop paying the API and serve an open model ourselves?</h1>
      <ShortAnswer />
      <div class="told">
        <p class="lead">
          Wei Chen runs engineering at a company of 200 people. The bill for the model vendor is $40,000 a month. Somebody found GPUs for
          $5,000, and the CFO has done the subtraction.
        </p>
        <p>
          The subtraction leaves people out. An engineer who runs inference costs $25,000 a month with everything, one who keeps it up at
          night $20,000, and 5 + 25 + 20 is already 50: more than the bill, before monitoring, evaluation, licences, and half a year of
          moving prompts. So the CTO doubts the number, and the CFO doubts the CTO. Below, every number can be moved, and asked where it
          comes from.
        </p>
      </div>
      <div class="thumb">
        <p>
          <b>Under $30,000 a month, staying on the API is nearly always right;</b> people alone cost more than the bill.{" "}
          <b>Over $80,000, GPUs usually win,</b> as long as they are kept busy. In between it hangs on how steady the load is, on what may
          leave the building, and on whether the people are there anyway.
        </p>
        <p class="muted">
          Both thresholds are rules of thumb for a closed model at list price. Against the same open weights, sold by the token at somebody
          else's GPUs, they lie far higher; against a top price with a small model, lower. <a href="#log">Your own log</a> replaces them.
        </p>
      </div>
    </div>
  );
}
