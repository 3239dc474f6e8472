import { declarationLimitTable } from './declaration-limits.ts'
import { useTable, valueTable } from './kind-tables.ts'

const tables: Record<string, () => string> = { values: valueTable, uses: useTable, limits: declarationLimitTable }

/** `docs/reference/entities.md` with its tables as the code has them now. */
export function withEntityTables(text: string): string {
  return Object.entries(tables).reduce((page, [name, make]) => {
    const place = new RegExp(`(?<=<!-- ${name} -->\\n)[\\s\\S]*?(?=<!-- end of ${name} -->)`)
    if (!place.test(page)) throw new Error(`docs/reference/entities.md has no place for the table of ${name}.`)
    return page.replace(place, () => `\n${make()}\n\n`)
  }, text)
}
