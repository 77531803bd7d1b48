import { describe, expect, it } from "vitest";
import { CLIENTS, linesFor } from "./lines";

const place = { s3: "https://s3.example.org", region: "eu-1" };

describe("lines for clients", () => {
  it.each(CLIENTS)("name the endpoint for %s", (client) => {
    expect(linesFor(client, place)).toContain(place.s3);
  });

  it("name the region where a client signs with it", () => {
    for (const client of ["aws", "boto3", "rclone"] as const) {
      expect(linesFor(client, place)).toContain("eu-1");
    }
  });

  it.each(CLIENTS)("have no key of anybody for %s", (client) => {
    expect(linesFor(client, place)).toMatch(/YOUR_ACCESS_KEY[\s\S]*YOUR_SECRET_KEY/);
  });
});
