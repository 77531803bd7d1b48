export { ChartsTogether } from "./hover";
export { Legend } from "./legend";
export { Sparkline } from "./sparkline";
export { type Point, type Series, TimeChart } from "./time-chart";
