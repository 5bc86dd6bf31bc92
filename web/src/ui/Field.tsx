// A labelled number box of a form.

import { useId } from "preact/hooks";
import { NumberBox } from "./NumberBox";

export function Field(props: {
  label: string;
  unit: "USD" | "share" | "count";
  suffix?: string;
  value: number;
  fault?: string | undefined;
  onValue: (v: number) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <span class="box">
        <NumberBox
          id={id}
          value={props.value}
          unit={props.unit}
          onValue={props.onValue}
          {...(props.fault && { describedBy: `${id}-fault` })}
        />
        <span class="unit">{props.suffix}</span>
      </span>
      {props.fault && (
        <p class="fault" id={`${id}-fault`} role="alert">
          {props.fault}
        </p>
      )}
    </div>
  );
}
