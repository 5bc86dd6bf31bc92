// A section of the memo: its title stands in the margin where there is room.

import type { ComponentChildren } from "preact";

export function Section(props: { id: string; title: string; gloss?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section id={props.id} aria-labelledby={`${props.id}-title`}>
      <div class="margin">
        <h2 id={`${props.id}-title`}>{props.title}</h2>
        {props.gloss && <p class="gloss">{props.gloss}</p>}
      </div>
      <div class="body">{props.children}</div>
    </section>
  );
}
