export * from "./name";
export * from "./number";
export * from "./time";
