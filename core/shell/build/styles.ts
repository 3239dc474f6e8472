import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Scanner } from '@tailwindcss/oxide'
import { __unstable__loadDesignSystem as loadDesignSystem } from 'tailwindcss'
import type { ShellManifest } from './shared-modules.ts'

const require = createRequire(import.meta.url)
const cssEntry = 'styles.css'

/** Writes the source of the stylesheet into `folder` and finds the class names that mean something in `sources`. */
export async function shellStyles(folder: string, sources: readonly string[]): Promise<Pick<ShellManifest, 'classes' | 'cssEntry'>> {
  const theme = readFileSync(require.resolve('@opsflux/ui/theme.css'), 'utf8')
  const css = `@layer theme, base, components, utilities;\n@import 'tailwindcss' source(none);\n${theme}`
  writeFileSync(join(folder, cssEntry), css)
  const scanner = new Scanner({ sources: sources.map((base) => ({ base, pattern: '**/*.{vue,ts}', negated: false })) })
  const found = scanner.scan().toSorted()
  const system = await loadDesignSystem(css, { loadStylesheet })
  const meaning = system.candidatesToCss(found)
  return { classes: found.filter((_name, index) => meaning[index] !== null), cssEntry }
}

async function loadStylesheet(id: string, base: string): Promise<{ path: string; base: string; content: string }> {
  const path = id === 'tailwindcss' ? require.resolve('tailwindcss/index.css') : join(base, id)
  return { path, base: dirname(path), content: readFileSync(path, 'utf8') }
}
