// A problem, with the fields that the server names.

import type { Problem } from "../api/client";

export function Trouble({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <div class="trouble" role="alert">
      <p>
        <b>This cannot be worked out.</b>{" "}
        {problem.faults.length > 0 && problem.faults.some((f) => problem.title.includes(f.what)) ? null : problem.title}
      </p>
      {problem.faults.length > 0 && (
        <dl>
          {problem.faults.map((f, i) => (
            <div key={i}>
              <dt>{f.where || "input"}</dt>
              <dd>{f.what}</dd>
            </div>
          ))}
        </dl>
      )}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
