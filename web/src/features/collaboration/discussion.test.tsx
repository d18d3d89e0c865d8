import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Shape } from "@/api/types";
import { ana, renderView } from "@/test/render";
import { answers, refuses } from "@/test/server";
import { Discussion } from "./discussion";

const COMMENTS = "/api/v1/comments";
const AT = "2026-11-21T08:00:00Z";

const aComment = (change: Partial<Shape<"CommentOut">> = {}): Shape<"CommentOut"> => ({
  id: "c1",
  body: "Is **this** good?",
  mentions: [],
  author_id: ana.user_id,
  author_name: "Ana Ruiz",
  created_at: AT,
  edited_at: null,
  deleted_at: null,
  deleted_by_name: null,
  may_edit: true,
  may_delete: true,
  ...change,
});

const aThread = (...comments: Shape<"CommentOut">[]): Shape<"ThreadOut"> => ({
  id: comments[0]?.id ?? "c1",
  resolved_at: null,
  resolved_by_name: null,
  comments,
});

const show = async (threads: Shape<"ThreadOut">[], me = ana) => {
  answers("get", COMMENTS, { items: threads, next_cursor: null, total: null });
  answers("get", `${COMMENTS}/people`, [
    { user_id: "u2", display_name: "Ben Okri", handle: "ben" },
    { user_id: "u3", display_name: "Bea Tan", handle: "tan" },
  ]);
  await renderView(<Discussion about={{ kind: "run", id: "r1" }} />, { me });
};

test("comments are Markdown, mentions say who is meant", async () => {
  await show([
    aThread(
      aComment({ body: "**Look**, @ben", mentions: [{ handle: "ben", display_name: "Ben" }] }),
    ),
  ]);
  expect((await screen.findByText("Look")).tagName).toBe("STRONG");
  expect(screen.getByText("@Ben")).toHaveAttribute("title", "@ben");
});

test("HTML in a comment stays text and a script link goes nowhere", async () => {
  await show([
    aThread(aComment({ body: "<img src=x onerror=alert(1)> [here](javascript:alert(1))" })),
  ]);
  await screen.findByText("here");
  expect(document.querySelector("img")).toBeNull();
  expect(screen.getByText("here")).toHaveAttribute("href", "");
  expect(screen.getByText(/onerror/)).toBeVisible();
});

test("a new comment is sent with whom it names, chosen from the list", async () => {
  const sent = answers("post", COMMENTS, aComment(), 201);
  await show([]);
  const field = await screen.findByRole("textbox", { name: "New comment" });
  await userEvent.type(field, "Look @be");
  const offered = await screen.findByRole("listbox", { name: "People" });
  expect(within(offered).getAllByRole("option")).toHaveLength(2);
  await userEvent.keyboard("{ArrowDown}{ArrowUp}{Enter}");
  expect(field).toHaveValue("Look @ben ");
  await userEvent.click(screen.getByRole("button", { name: "Comment" }));
  expect(sent).toEqual([
    { resource_type: "run", resource_id: "r1", body: "Look @ben", thread_id: null },
  ]);
});

test("a reply goes to its thread", async () => {
  const sent = answers("post", COMMENTS, aComment(), 201);
  await show([aThread(aComment())]);
  await userEvent.click(await screen.findByRole("button", { name: "Reply" }));
  await userEvent.type(screen.getByRole("textbox", { name: "Reply" }), "Yes");
  const [submit] = screen.getAllByRole("button", { name: "Reply" });
  await userEvent.click(submit ?? document.body);
  expect(sent).toMatchObject([{ thread_id: "c1", body: "Yes" }]);
});

test("a deleted comment shows its place, resolved threads hide until asked for", async () => {
  await show([
    {
      ...aThread(aComment({ body: null, deleted_at: AT, deleted_by_name: "Ana Ruiz" })),
      resolved_at: AT,
      resolved_by_name: "Ben",
    },
  ]);
  expect(await screen.findByText(/nothing is open/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Show resolved" }));
  expect(screen.getByText(/Deleted by Ana Ruiz/)).toBeVisible();
});

test("who only reads gets no field", async () => {
  await show([], { ...ana, permissions: ["comments.read"] });
  expect(await screen.findByText("Nobody has said anything yet")).toBeVisible();
  expect(screen.queryByRole("textbox")).toBeNull();
});

test("a refused discussion says why", async () => {
  refuses("get", COMMENTS, 404, "collaboration.resource_not_found", "There is nothing here.");
  await renderView(<Discussion about={{ kind: "run", id: "r1" }} />);
  expect(await screen.findByRole("alert")).toHaveTextContent("There is nothing here.");
});
