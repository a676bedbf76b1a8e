// How a rank moved: an arrow and a number, with words for who hears the page.

export function RankChange({ change, previous }: { change: number | null; previous: number | null }) {
  if (previous === null) return <span className="rank rank--new">new</span>;
  if (!change) {
    return (
      <span className="rank" aria-label="same rank">
        =
      </span>
    );
  }
  const up = change > 0;
  return (
    <span className={`rank rank--${up ? "up" : "down"}`} aria-label={`${up ? "up" : "down"} by ${Math.abs(change)}`} role="img">
      {up ? "▲" : "▼"} {Math.abs(change)}
    </span>
  );
}
