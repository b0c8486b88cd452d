-- An account for every user: made in the transaction that mirrors the user, once, in whatever order events arrive,
-- and closed in the transaction that mirrors the deletion.
CREATE TABLE public.accounts (
    user_id   text PRIMARY KEY REFERENCES clerk.users (id),
    email     text,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz
);

CREATE FUNCTION public.provision_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.deleted_at IS NULL THEN
        INSERT INTO public.accounts (user_id, email) VALUES (NEW.id, NEW.primary_email_address)
        ON CONFLICT (user_id) DO UPDATE SET email = excluded.email;
    ELSE
        UPDATE public.accounts SET email = NULL, closed_at = NEW.deleted_at WHERE user_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER provision_account AFTER INSERT OR UPDATE ON clerk.users
    FOR EACH ROW EXECUTE FUNCTION public.provision_account();
