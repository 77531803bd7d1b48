import { Link } from "@tanstack/react-router";
import { Container } from "lucide-react";
import { buttonClass } from "@/parts/button";
import { Empty } from "@/parts/states";

/** What is said of a bucket that is not there: trying again would not help. */
export function NoBucket() {
  return (
    <Empty
      icon={Container}
      title="There is no such bucket"
      action={
        <Link to="/buckets" className={buttonClass()}>
          All buckets
        </Link>
      }
    >
      It was deleted, or its name is mistyped.
    </Empty>
  );
}
