export { ChartsTogether } from "./hover";
export { Sparkline } from "./sparkline";
export { Legend, type Point, type Series, TimeChart } from "./time-chart";
