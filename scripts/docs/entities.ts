import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFolder } from '../setup/paths.mjs'
import { withEntityTables } from './entity-reference.ts'

const path = join(rootFolder, 'docs', 'reference', 'entities.md')
writeFileSync(path, withEntityTables(readFileSync(path, 'utf8')))
