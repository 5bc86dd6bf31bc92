// The quick formula's two readings side by side, line by line, down to the gap that the verdict is drawn from.

import { useState } from "preact/hooks";
import type { Line, QuickAnswer } from "../api/types";
import { Arithmetic, Badge } from "../ui/Badge";
import { amount, hasCents, tied } from "../format";

function Row({ listed, all, cents }: { listed: Line | undefined; all: Line | undefined; cents: boolean }) {
  const [open, setOpen] = useState(false);
  const line = (all ?? listed)!;
  const id = `why-${line.id}`;
  return (
    <>
      <tr>
        <th scope="row">
          {line.label}
          <span class="formula">{tied(line.formula)}</span>
        </th>
        <td>
          {listed ? (
            amount(listed.usd_per_month, cents)
          ) : (
            <span class="gap" title="not counted in this reading">
              —<span class="hidden">not counted</span>
            </span>
          )}
        </td>
        <td>{all ? amount(all.usd_per_month, cents) : "—"}</td>
        <td class="why">
          <Badge kind={line.provenance.kind} about={line.label} open={open} controls={id} onClick={() => setOpen(!open)} />
        </td>
      </tr>
      {open && (
        <tr class="evidence" id={id}>
          <td colSpan={4}>
            <Arithmetic line={line} />
          </td>
        </tr>
      )}
    </>
  );
}

export function QuickLedger({ answer }: { answer: QuickAnswer }) {
  const { as_listed: listed, all_terms: all } = answer;
  const amounts = [listed, all].flatMap((r) => [
    r.gap_usd_per_month,
    ...[...r.self_host.lines, ...r.api.lines].map((l) => l.usd_per_month),
  ]);
  const cents = hasCents(amounts);
  const find = (lines: Line[], id: string) => lines.find((l) => l.id === id);
  return (
    <div class="ledger">
      <table>
        <caption>
          Dollars per month, in both readings. <span class="muted">{all.explains}</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">As listed</th>
            <th scope="col">With all terms</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {all.self_host.lines.map((l) => (
            <Row key={l.id} listed={find(listed.self_host.lines, l.id)} all={l} cents={cents} />
          ))}
          <tr class="sum" data-row="self">
            <th scope="row">Self-hosting</th>
            <td data-total="listed">{amount(listed.self_host.total_usd_per_month, cents)}</td>
            <td data-total="all">{amount(all.self_host.total_usd_per_month, cents)}</td>
            <td />
          </tr>
          {all.api.lines.map((l) => (
            <Row key={l.id} listed={find(listed.api.lines, l.id)} all={l} cents={cents} />
          ))}
          <tr class="sum" data-row="gap">
            <th scope="row">Self-hosting minus API</th>
            <td>{amount(listed.gap_usd_per_month, cents)}</td>
            <td>{amount(all.gap_usd_per_month, cents)}</td>
            <td />
          </tr>
          <tr class="words">
            <th scope="row">In words</th>
            <td>{short(listed.winner)}</td>
            <td>{short(all.winner)}</td>
            <td />
          </tr>
        </tbody>
      </table>
    </div>
  );
}

const winners = { api: "the API is cheaper", self_host: "self-hosting is cheaper", even: "level", none: "neither" };
const short = (w: keyof typeof winners) => winners[w];
