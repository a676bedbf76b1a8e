// Addresses under one user; ids are put into them in one place.

export function userPath(userId: string, rest = ""): string {
  return `/user/${encodeURIComponent(userId)}${rest}`;
}
