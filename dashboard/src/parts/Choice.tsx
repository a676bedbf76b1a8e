// A few options of which one holds, as buttons side by side.
import { useId } from "react";

export interface ChoiceProps<T extends string | number> {
  label: string;
  options: readonly { value: T; label: string }[];
  value: T;
  onChange: (value: T) => void;
}

export function Choice<T extends string | number>({ label, options, value, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className="uw-choice">
      <legend className="uw-hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value} className="uw-choice__option">
          <input
            type="radio"
            className="uw-hidden"
            name={name}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
