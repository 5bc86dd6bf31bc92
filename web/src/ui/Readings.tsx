// How old the readings are that a page rests on, and what to do where they verify nothing.

import type { VerifyAnswer } from "../api/types";
import { count, day } from "../format";

const keptIn = { embedded: "the history that comes with the program", sqlite: "an SQLite database", postgres: "a PostgreSQL database" };

export function Readings({ v }: { v: VerifyAnswer }) {
  const { checked, database, changes } = v.registry;
  const stale = v.verification.every((x) => !x.fresh);
  const age = checked ? Math.floor((Date.parse(v.stamp.as_of) - Date.parse(checked)) / 86_400_000) : 0;
  return (
    <div class={stale ? "readings stale-readings" : "readings"}>
      {stale && (
        <p>
          <b>Nothing is verified now.</b>{" "}
          {checked ? (
            <>
              The newest reading of a source is of {day(checked)}, {count(age)} days ago, and one that is older than {v.max_age_days} days
              verifies nothing.
            </>
          ) : (
            <>No source has been read yet.</>
          )}{" "}
          {database === "embedded" ? (
            <>
              This server answers from the history that comes with the program. To read the sources now, run{" "}
              <code>breakeven prices sync</code> and start the server again; <code>breakeven serve --sync 24h</code> reads them every day.
            </>
          ) : (
            <>
              Run <code>breakeven prices sync</code>, or let <code>breakeven serve --sync 24h</code> read them every day.
            </>
          )}
        </p>
      )}
      <p class="muted">
        {!stale && checked && <>Newest reading of a source: {day(checked)}. </>}
        {count(changes)} changes on record, in {keptIn[database]}.
      </p>
    </div>
  );
}
