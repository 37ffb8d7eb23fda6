import "cypress-mayfly";

describe("sign-in", () => {
  it("follows the link of the mail", () => {
    cy.mailbox().then((mailbox) => {
      cy.visit("/");
      cy.get("[name=email]").type(`${mailbox.address}{enter}`);
      cy.mailboxLink(mailbox, "verify", { from: "shop.example" }).then((url) => cy.visit(url));
      cy.contains("h1", "Welcome");
    });
  });
});
