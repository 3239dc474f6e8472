export interface Column {
  /** Field of the row and name of the cell's slot. */
  key: string
  label: string
  align?: 'start' | 'end' | 'center'
  sortable?: boolean
  hideOnPhone?: boolean
  /** The label is only for screen readers: for columns of buttons. */
  hideLabel?: boolean
}

export interface TableSort { key: string; direction: 'asc' | 'desc' }

/** The next sort when a column's head is chosen: ascending, descending, none. */
export function nextSort(sort: TableSort | undefined, key: string): TableSort | undefined {
  if (sort?.key !== key) return { key, direction: 'asc' }
  return sort.direction === 'asc' ? { key, direction: 'desc' } : undefined
}

/** A value as a cell shows it; absent values as a dash. */
export function cellText(value: unknown): string {
  return value === undefined || value === null || value === '' ? '–' : String(value)
}
