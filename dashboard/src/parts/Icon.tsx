// The few pictures, as shapes that take the colour of the text. Each stands beside words or a label.

const SHAPES = {
  check: "M3.5 8.5l3 3 6-7",
  warning: "M8 3.5v5.5M8 12v.5",
  cross: "M4 4l8 8M12 4l-8 8",
  dash: "M4 8h8",
  star: "M8 2.2l1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z",
  up: "M8 12.5v-9M4.5 7L8 3.5 11.5 7",
  down: "M8 3.5v9M4.5 9L8 12.5 11.5 9",
  edit: "M3 13l.6-2.8L10.5 3.3l2.2 2.2-6.9 6.9zM9 4.8L11.2 7",
  play: "M5 3.5v9l7-4.5z",
  grip: "M6 4v.01M10 4v.01M6 8v.01M10 8v.01M6 12v.01M10 12v.01",
  bulb: "M6 12.5h4M6.5 14.5h3M8 1.8a4.2 4.2 0 00-2.4 7.6c.5.4.7.9.7 1.5h3.4c0-.6.2-1.1.7-1.5A4.2 4.2 0 008 1.8z",
  moon: "M13 9.6A5.5 5.5 0 016.4 3 5.5 5.5 0 1013 9.6z",
  sun: "M8 5.2a2.8 2.8 0 110 5.6 2.8 2.8 0 010-5.6zM8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1",
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name, filled = false }: { name: IconName; filled?: boolean }) {
  return (
    <svg className="uw-icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path
        d={SHAPES[name]}
        fill={filled ? "currentColor" : "none"}
        stroke="currentColor"
        strokeWidth={name === "grip" ? 2 : 1.5}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
