import { defineConfig } from 'vitest/config'

const never = ['**/node_modules/**', '**/dist/**', '.opsflux/**', '.cache/**']
const guarded = ['tests/sandbox/**/*.test.ts', 'core/kernel/src/sandbox/**/*.test.ts']
const needs = ['**/*.pg.test.ts', '**/*.browser.test.ts', '**/*.e2e.test.ts']

/** Groups run one after the other, so that what watches the clock or drives a browser has the machine to itself. */
function group(name: string, order: number, include: string[], exclude: string[] = [], maxWorkers = 1) {
  return {
    test: {
      name, include, exclude: [...never, ...exclude], pool: 'forks' as const, maxWorkers, testTimeout: 30_000, hookTimeout: 60_000,
      sequence: { groupOrder: order },
      // A failure names all that is wrong.
      chaiConfig: { truncateThreshold: 4_000 },
    },
  }
}

export default defineConfig({
  test: {
    // Here and not in the groups: one PostgreSQL for all of them.
    globalSetup: ['tests/setup/postgres.ts'],
    projects: [
      group('unit', 1, ['**/*.test.ts'], [...needs, ...guarded], 2),
      group('postgres', 2, ['**/*.pg.test.ts'], [], 2),
      group('sandbox', 3, guarded),
      group('browser', 4, ['**/*.browser.test.ts']),
      group('e2e', 5, ['**/*.e2e.test.ts']),
    ],
  },
})
