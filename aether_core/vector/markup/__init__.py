"""Maps written as XML, and tables of HTML inside them: parsed as data, never shown or followed."""
