export { default as UiChart } from './ui-chart.vue'
