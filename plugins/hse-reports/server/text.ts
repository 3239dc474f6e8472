/** Without outer spaces and with single spaces inside. What is no text is left for validation to refuse. */
export function oneLine<T>(value: T): T | string {
  return typeof value === 'string' ? value.trim().replace(/\s+/gu, ' ') : value
}

/** Text of several lines: spaces collapsed in each line, at most one empty line between two. */
export function trimmed<T>(value: T): T | string {
  if (typeof value !== 'string') return value
  return value.trim().replace(/\r\n?/gu, '\n').replace(/[^\S\n]+/gu, ' ').replace(/ ?\n ?/gu, '\n').replace(/\n{3,}/gu, '\n\n')
}
