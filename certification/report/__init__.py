"""The pack's two readings for people: a page for the browser and a document for paper."""
