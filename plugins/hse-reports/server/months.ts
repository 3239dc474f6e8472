/** `YYYY-MM` of a date, an instant in UTC, or a bucket of an aggregate. */
export const monthOf = (value: unknown): string => String(value).slice(0, 7)

/** First day of a month, `YYYY-MM-01`. */
export const firstDay = (month: string): string => `${month}-01`

/** The month `count` months later, or earlier when negative. */
export function addMonths(month: string, count: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 1 + count, 1)).toISOString().slice(0, 7)
}

/** Every month from one to another, both included. */
export function monthsBetween(from: string, to: string): string[] {
  const months: string[] = []
  for (let month = from; month <= to; month = addMonths(month, 1)) months.push(month)
  return months
}
