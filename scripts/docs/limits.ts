import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFolder } from '../setup/paths.mjs'
import { limitTables } from './limit-tables.ts'

const path = join(rootFolder, 'docs', 'security.md')
const [before = '', , after = ''] = readFileSync(path, 'utf8').split(/<!-- (?:limits|end of limits) -->\n/)
writeFileSync(path, `${before}<!-- limits -->\n${limitTables()}\n<!-- end of limits -->\n${after}`)
