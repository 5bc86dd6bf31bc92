// A place to drop files, or to choose them.

import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

export function Drop(props: {
  id: string;
  title: string;
  one?: boolean; // a single file
  fault?: string | undefined;
  said?: ComponentChildren; // of the files that were chosen
  why: ComponentChildren;
  onFiles: (list: File[]) => void;
  children?: ComponentChildren;
}) {
  const [over, setOver] = useState(false);
  const take = (list: FileList | null | undefined) => {
    if (list && list.length > 0) props.onFiles(props.one ? [list[0]!] : [...list]);
  };
  return (
    <div
      class={`drop ${over ? "over" : ""}`}
      onDragOver={(e) => {
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(e) => {
        e.preventDefault();
        setOver(false);
        take(e.dataTransfer?.files);
      }}
    >
      <p>
        <label for={props.id}>
          <b>{props.title}</b>
        </label>
      </p>
      <input
        id={props.id}
        type="file"
        multiple={!props.one}
        aria-describedby={props.fault ? `${props.id}-fault ${props.id}-why` : `${props.id}-why`}
        onChange={(e) => take(e.currentTarget.files)}
      />
      {props.said && <p class="why">{props.said}</p>}
      {props.fault && (
        <p class="fault" id={`${props.id}-fault`} role="alert">
          {props.fault}
        </p>
      )}
      <p class="why" id={`${props.id}-why`}>
        {props.why}
      </p>
      {props.children}
    </div>
  );
}
