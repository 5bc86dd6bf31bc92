// What has no price: a gap with what to do about it, and no zero.

import type { MissingPrice } from "../api/types";
import { count, words } from "../format";

// missingName is what has no price, in a few words.
function missingName(m: MissingPrice): string {
  if (m.file) return `Rows of ${m.file} that could not be read`;
  const model = m.model ? (m.provider ? `${m.provider}/${m.model}` : m.model) : "calls that name no model";
  return m.kind ? `${words(m.kind)} of ${model}` : model;
}

const few = 8;

export function Unpriced({ list }: { list: MissingPrice[] }) {
  if (list.length === 0) return null;
  return (
    <div class="missing">
      <p>
        <b>{list.length === 1 ? "One thing has no price." : `${count(list.length)} things have no price.`}</b> It is not in the total, and it is
        not zero: the total is a lower bound.
      </p>
      <ul>
        {list.slice(0, few).map((m, i) => (
          <li key={i}>
            <b>{missingName(m)}</b>: {!m.file && `${count(m.tokens)} tokens in `}
            {count(m.rows)} {m.rows === 1 ? "row" : "rows"}; {m.why}.
          </li>
        ))}
      </ul>
      {list.length > few && <p>And {count(list.length - few)} more.</p>}
      <p class="muted">Name the model that they mean under “Model of calls that name none”, or take another for every call.</p>
    </div>
  );
}
