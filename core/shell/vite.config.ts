import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { sharedModules } from './build/shared-modules.ts'
import { shellStyles } from './build/styles.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig(({ mode }) => {
  let outDir = ''
  return {
    root: here('.'),
    plugins: [
      vue(),
      { name: 'opsflux:out-dir', configResolved: (config) => { outDir = fileURLToPath(new URL(`${config.build.outDir}/`, `file://${config.root}/`)) } },
      sharedModules({
        vue: here('src/shared/vue.ts'),
        'vue-router': here('src/shared/vue-router.ts'),
        pinia: here('src/shared/pinia.ts'),
        '@opsflux/ui': here('src/shared/ui.ts'),
        '@opsflux/ui/charts': here('src/shared/ui-charts.ts'),
        '@opsflux/sdk/client': here('src/shared/sdk-client.ts'),
      }, () => shellStyles(outDir, [here('src'), here('../../sdk/ui/src')])),
    ],
    define: {
      __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
      __VUE_I18N_FULL_INSTALL__: 'false', __VUE_I18N_LEGACY_API__: 'false', __INTLIFY_PROD_DEVTOOLS__: 'false',
    },
    build: { target: 'es2022', outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, sourcemap: mode === 'development', chunkSizeWarningLimit: 800 },
  }
})
