# WARNING! You shouldn't copy this file to another computer. It is unnecessary and can cause problems.
mab@localhost	jabber	92449bfc
