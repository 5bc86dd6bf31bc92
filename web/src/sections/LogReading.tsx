// How a log is to be read, where finding it out from the file does not do.

import { formats } from "../state/book";
import { read, reading, type Reading } from "../state/log";

export function LogReading({ id, onChange }: { id: string; onChange: () => void }) {
  const r = reading.value;
  const set = (part: Partial<Reading>) => {
    read(part);
    onChange();
  };
  return (
    <div class="settings">
      <div>
        <div class="field">
          <label for={`${id}-format`}>Format of the log</label>
          <select id={`${id}-format`} value={r.format} onChange={(e) => set({ format: e.currentTarget.value })}>
            <option value="">found out from the file</option>
            {formats.value?.map((f) => (
              <option key={f.name} value={f.name}>
                {f.title}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for={`${id}-input`}>The input figure</label>
          <select id={`${id}-input`} value={r.input} onChange={(e) => set({ input: e.currentTarget.value })}>
            <option value="detect">found out from the file</option>
            <option value="includes">includes cached tokens</option>
            <option value="excludes">excludes cached tokens</option>
          </select>
        </div>
      </div>
      <div class="field">
        <label for={`${id}-columns`}>Columns by another name</label>
        <input
          id={`${id}-columns`}
          type="text"
          autoComplete="off"
          spellcheck={false}
          placeholder="input=prompt_tok, output=reply_tok"
          value={r.columns}
          onChange={(e) => set({ columns: e.currentTarget.value })}
        />
        <p class="why">Our name, an equals sign, the log's column. The names are time, model, input, output, cache_read and so on.</p>
      </div>
    </div>
  );
}
